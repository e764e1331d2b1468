# The far side of a worker, as in serve.py: say the check, then time one round of work per line.

say <- function(values) {
  texts <- vapply(values, function(one) {
    digits <- paste(sprintf("%.17g", one), collapse = ",")
    if (length(one) > 1) paste0("[", digits, "]") else digits
  }, "")
  cat("{", paste0("\"", names(values), "\":", texts, collapse = ","), "}\n", sep = "")
  flush(stdout())
}

serve <- function(check, work) {
  say(check)
  asked <- file("stdin", open = "r")
  while (length(readLines(asked, n = 1)) > 0) {
    before <- proc.time()
    done <- work()
    spent <- (proc.time() - before) / done
    say(list(cpu = spent[["user.self"]] + spent[["sys.self"]], wall = spent[["elapsed"]]))
  }
}
