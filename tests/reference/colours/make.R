# Contrast, CIELAB and colour blindness by R's colorspace (Zeileis and others 2020, Journal of
# Statistical Software 96(1)): Rscript make.R, in this folder. Made with R 4.2, colorspace 2.1.0.
library(colorspace)
library(jsonlite)

given <- fromJSON("input.json")
one <- function(hex) {
  full <- coords(as(hex2RGB(hex), "RGB")) # linear, 0 to 1
  lab <- function(linear) {
    unname(coords(as(RGB(pmin(pmax(linear, 0), 1)), "LAB"))[1, ])
  }
  # colorspace's own simulation keeps linear sRGB here: hexadecimal output would round the colour
  blind <- function(cvd) lab(full %*% t(cvd))
  list(
    colour = hex,
    contrast = unname(contrast_ratio(hex, "#ffffff")),
    lab = lab(full),
    protan = blind(protanomaly_cvd[["10"]]),
    deutan = blind(deutanomaly_cvd[["10"]])
  )
}
writeLines(
  toJSON(lapply(given, one), digits = 8, auto_unbox = TRUE, pretty = TRUE),
  "output.json"
)
