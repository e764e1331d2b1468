"""Write reports/gallery: the example pilot in every format, small, with pictures of some pages.

Run by `make gallery`; needs chromium, pdftoppm and soffice (LibreOffice) for the pictures.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from PIL import Image
from tests.midway import midway

import rmresearch as rm
from rmresearch.evidence import programme_ended
from rmresearch.files import open_out, read_manifest, write_manifest, write_text
from rmresearch.privacy import release
from rmresearch.report.build import build
from rmresearch.report.html import render
from rmresearch.report.pulse import Pulse

ROOT = Path(__file__).resolve().parents[1]
PILOT = ROOT / "data" / "synthetic" / "pilot"
GALLERY = ROOT / "reports" / "gallery"
COMMAND = "make gallery"
#: what the repository may carry
LARGEST = 2_000_000
FILES = {
    "internal/report.html": "the technical report, for the evaluation team",
    "leadership/brief.html": "the brief for leadership, on screen",
    "leadership/brief.pdf": "the same on two A4 pages",
    "leadership/deck.pptx": "the deck: native charts that can be edited, with speaker notes",
    "leadership/workbook.xlsx": "the workbook: every released number, with a codebook",
    "pulse.html": "the pulse of another simulated programme, four months after its start",
}
#: pictures: the file, its page (None: the top of a screen), dots to the inch, what is seen
PICTURES = {
    "brief-1.png": ("brief.pdf", 1, 80, "The brief for leadership, first page"),
    "brief-2.png": ("brief.pdf", 2, 80, "The brief for leadership, second page"),
    "deck-1.png": ("deck.pptx", 1, 60, "The deck's first slide"),
    "deck-3.png": ("deck.pptx", 3, 60, "The deck's third slide"),
    "report.png": ("report.html", None, 0, "The technical report on a screen"),
    "pulse.png": ("pulse.html", None, 0, "The pulse on a screen"),
}
HEAD = """\
# Gallery

What `rmresearch report data/synthetic/pilot --audience all` makes of the example pilot, which is
synthetic, and the pulse of a simulated programme in its middle. Written by `make gallery`; the
files that are too large to be kept here are the technical report as PDF and the numbers as JSON.

![The brief for leadership, first page](brief-1.png)

| file | what it is |
|---|---|
"""


def pulse_page() -> str:
    """The pulse of a programme in its middle, as the command shows it."""
    study, day = midway()
    shown = release({"pulse": rm.pulse(study, until=day)}, study, audience="pulse")
    return render(Pulse(shown, study.design, programme_ended(study), day).page())


def page() -> str:
    """The list of what is what."""
    rows = [f"| [{Path(name).name}]({Path(name).name}) | {what} |" for name, what in FILES.items()]
    rows += [f"| [{name}]({name}) | picture: {what} |" for name, (*_, what) in PICTURES.items()]
    return HEAD + "\n".join(rows) + "\n"


def picture(file: Path, number: int | None, dots: int, to: Path, aside: Path) -> None:
    """A page of a file, or the top of a screen of it, in few colours."""
    raw = aside / to.name
    if number is None:
        command = ["chromium", "--headless", "--no-sandbox", "--hide-scrollbars"]
        command += [f"--screenshot={raw}", "--window-size=1000,1100", file.resolve().as_uri()]
        subprocess.run(command, check=True, capture_output=True)
    else:
        pdf = file if file.suffix == ".pdf" else aside / f"{file.stem}.pdf"
        if not pdf.exists():
            settings = f"-env:UserInstallation={(aside / 'office').as_uri()}"
            command = ["soffice", settings, "--headless", "--convert-to", "pdf", "--outdir"]
            subprocess.run([*command, str(aside), str(file)], check=True, capture_output=True)
        pages = ["-f", str(number), "-l", str(number), "-singlefile", "-r", str(dots)]
        command = ["pdftoppm", "-png", *pages, str(pdf), str(raw.with_suffix(""))]
        subprocess.run(command, check=True, capture_output=True)
    with Image.open(raw) as seen:
        seen.convert("RGB").quantize(48).save(to, optimize=True)


def main() -> None:
    """Make everything aside, then the folder with its manifest."""
    absent = [one for one in ("chromium", "pdftoppm", "soffice") if shutil.which(one) is None]
    if absent:
        raise SystemExit(f"pictures need {', '.join(absent)}, which this machine does not have.")
    with tempfile.TemporaryDirectory() as name:
        aside = Path(name)
        build(PILOT, aside / "out", audience="all", say=print)
        write_text(aside / "out" / "pulse.html", pulse_page())
        folder = open_out(GALLERY, COMMAND)
        for file in FILES:
            shutil.copyfile(aside / "out" / file, folder / Path(file).name)
        for to, (file, number, dots, _) in PICTURES.items():
            picture(folder / file, number, dots, folder / to, aside)
        write_text(folder / "README.md", page())
        read = read_manifest(aside / "out" / "internal").inputs
        inputs = {aside / "out" / "internal" / path: digest for path, digest in read.items()}
        made = [*(Path(file).name for file in FILES), *PICTURES, "README.md"]
        write_manifest(
            folder,
            command=COMMAND,
            inputs={path.resolve(): digest for path, digest in inputs.items()},
            outputs=[folder / one for one in made],
        )
    size = sum(path.stat().st_size for path in GALLERY.iterdir())
    if size > LARGEST:
        raise SystemExit(f"{GALLERY} has {size:,} bytes; it may have {LARGEST:,}.")
    print(GALLERY)


if __name__ == "__main__":
    main()
