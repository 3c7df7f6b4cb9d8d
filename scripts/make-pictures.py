#!/usr/bin/env python3
"""Makes the pictures of the README and the docs anew, from a real run on the sample data.

  make-pictures.py BINARY

Needs tmux, Chromium, and the Python package rich. The wizard runs in a tmux window; what stands in it becomes an SVG. The report is opened in
headless Chromium and becomes a PNG, and so does the review's page.
"""
import base64, json, os, shutil, subprocess, sys, tempfile, time, urllib.request
from pathlib import Path

from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).resolve().parent.parent
PICTURES = ROOT / "docs" / "pictures"
WIDTH, HEIGHT = 118, 60
SESSION = "certonboard-pictures"


def tmux(*args):
    return subprocess.run(["tmux", *args], check=True, capture_output=True, text=True).stdout


def screen(colours=False):
    return tmux("capture-pane", "-p", "-t", SESSION, *(["-e"] if colours else []))


def wait_for(text, seconds=300):
    end = time.time() + seconds
    while time.time() < end:
        if text in screen():
            return
        time.sleep(0.1)
    sys.exit(f"`{text}` did not appear; the screen shows:\n{screen()}")


def keys(*names):
    tmux("send-keys", "-t", SESSION, *names)


def picture(name, title):
    lines = screen(colours=True).rstrip("\n").split("\n")
    console = Console(record=True, width=WIDTH, file=open(os.devnull, "w"), force_terminal=True)
    for line in lines:
        console.print(Text.from_ansi(line), soft_wrap=True)
    console.save_svg(str(PICTURES / name), title=title)
    print("made", PICTURES / name)


def page(name, size, address, work):
    subprocess.run(
        ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--window-size={size}", f"--user-data-dir={work}/chromium",
         "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run", "--virtual-time-budget=8000",
         f"--screenshot={PICTURES}/{name}", address],
        check=True, capture_output=True)
    print("made", PICTURES / name)


def paper(name, size, address, work):
    """A page of the report after a click, by way of chromedriver."""
    driver = subprocess.Popen(["chromedriver", "--port=9517"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(2)

    def call(method, path, body=None):
        request = urllib.request.Request(f"http://127.0.0.1:9517{path}", method=method, data=None if body is None else json.dumps(body).encode())
        return json.load(urllib.request.urlopen(request))["value"]

    arguments = ["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--window-size={size}", f"--user-data-dir={work}/driven"]
    session = "/session/" + call("POST", "/session", {"capabilities": {"alwaysMatch": {"goog:chromeOptions": {"args": arguments}}}})["sessionId"]
    call("POST", session + "/url", {"url": address})
    script = "const a = [...document.querySelectorAll('a.thumb')]; a.sort((x, y) => y.querySelectorAll('i').length - x.querySelectorAll('i').length)[0].click()"
    call("POST", session + "/execute/sync", {"script": script, "args": []})
    time.sleep(2)
    (PICTURES / name).write_bytes(base64.b64decode(call("GET", session + "/screenshot")))
    call("DELETE", session)
    driver.terminate()
    print("made", PICTURES / name)


def clear():
    tmux("send-keys", "-t", SESSION, "-R")
    tmux("clear-history", "-t", SESSION)


def main():
    binary = Path(sys.argv[1]).resolve()
    PICTURES.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp())
    shutil.copytree(ROOT / "sample_data" / "certificates", work / "certificates")
    shutil.copy(ROOT / "sample_data" / "customers.xlsx", work)
    subprocess.run(["tmux", "kill-session", "-t", SESSION], capture_output=True)
    tmux("new-session", "-d", "-s", SESSION, "-x", str(WIDTH), "-y", str(HEIGHT), "-c", str(work), "env PS1='$ ' sh")
    keys(f"PATH={binary.parent}:$PATH; clear", "Enter")
    keys("certonboard run --sandbox --today 2026-11-20", "Enter")
    wait_for("Which company")
    keys("Enter")
    wait_for("The merchant's name")
    keys("C-u", "Blue Heron Supply Co.", "Enter")
    wait_for("The merchant's customer spreadsheet")
    picture("wizard.svg", "certonboard: a guided run begins")
    clear()
    keys("Enter")
    wait_for("Are the columns right?")
    picture("columns.svg", "certonboard: the columns it recognised")
    clear()
    keys("y")
    wait_for("How do these customers count?")
    keys("Enter")
    wait_for("customers to")
    picture("sync.svg", "certonboard: customers, exempt customers, what would be sent")
    clear()
    keys("y")
    wait_for("What should be done")
    keys("Enter")
    wait_for("Folder with the certificate scans")
    keys("Enter")
    wait_for("What should be sent?")
    picture("papers.svg", "certonboard: what was read, and to whom it belongs")
    clear()
    keys("Enter")
    wait_for("link each to its customer?")
    keys("y")
    wait_for("How should the invitations go out?")
    picture("certificates.svg", "certonboard: certificates created and linked")
    clear()
    keys("Enter")
    wait_for("Which cover letter?")
    keys("Enter")
    wait_for("Which exemption reason")
    keys("Enter")
    wait_for("Send ")
    keys("y")
    wait_for("Report  ")
    picture("summary.svg", "certonboard: invitations and summary")
    tmux("kill-session", "-t", SESSION)
    report = next((work / "certonboard-runs").glob("*/report.html"))
    page("report.png", "1280,1100", f"file://{report}", work)
    paper("report-paper.png", "1280,1000", f"file://{report}", work)
    review = subprocess.Popen([binary, "review", report.parent, "--reviewer", "Ann Lee"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    page("review.png", "1366,860", review.stdout.readline().strip(), work)
    review.terminate()
    shutil.rmtree(work)


main()
