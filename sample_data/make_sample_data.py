#!/usr/bin/env python3
"""Draws the sample data: an ERP customer list and a folder of exemption certificate scans, with the truth about both.

    python3 -m pip install -r sample_data/requirements.txt
    python3 sample_data/make_sample_data.py

Everything is made up: the seller, the customers, their addresses, phones (555-01xx), e-mails (.example) and registration
numbers. The forms are drawn here in a layout of our own that resembles the official ones (title, form number, labels); the
numbers have the shape that each state documents. The same versions of the libraries and fonts give the same bytes.

Parts: the fonts and the page that is drawn on; the forms; the scanners (office, fax, phone ...); the customers; the documents;
writing it all out.
"""
import datetime
import io
import json
import math
import os
import re
import shutil
import sys
import zipfile

import numpy as np
import openpyxl
from openpyxl.styles import Font, PatternFill
from PIL import Image, ImageDraw, ImageFilter, ImageFont
from reportlab.pdfgen import canvas as rl_canvas

HERE = os.path.dirname(os.path.abspath(__file__))
OUT = os.path.join(HERE, "certificates")
SELLER = {"name": "Blue Heron Supply Co.", "line1": "4100 Riverbend Parkway, Suite 200", "city": "Chattanooga", "region": "TN", "zip": "37406"}
TODAY = "2026-11-20"

# ---------------------------------------------------------------------------------------------------------------- fonts
LIB = "/usr/share/fonts/truetype/liberation/"
FONTS = {  # name -> (file, Debian package, the PDF font with the same widths)
    "sans": (LIB + "LiberationSans-Regular.ttf", "fonts-liberation", "Helvetica"),
    "bold": (LIB + "LiberationSans-Bold.ttf", "fonts-liberation", "Helvetica-Bold"),
    "ital": (LIB + "LiberationSans-Italic.ttf", "fonts-liberation", "Helvetica-Oblique"),
    "serif": (LIB + "LiberationSerif-Regular.ttf", "fonts-liberation", "Times-Roman"),
    "serifb": (LIB + "LiberationSerif-Bold.ttf", "fonts-liberation", "Times-Bold"),
    "mono": (LIB + "LiberationMono-Regular.ttf", "fonts-liberation", "Courier"),
    "monob": (LIB + "LiberationMono-Bold.ttf", "fonts-liberation", "Courier-Bold"),
    "hand": ("/usr/share/fonts/truetype/humor-sans/Humor-Sans.ttf", "fonts-humor-sans", "Helvetica"),
}
_fonts = {}


def check_fonts():
    missing = sorted({package for path, package, _ in FONTS.values() if not os.path.exists(path)})
    if missing:
        sys.exit("make_sample_data: fonts are missing; install them with: apt-get install " + " ".join(missing))


def font(name, pixels):
    key = (name, round(pixels * 4))
    if key not in _fonts:
        _fonts[key] = ImageFont.truetype(FONTS[name][0], round(pixels * 4) / 4, layout_engine=ImageFont.Layout.BASIC)
    return _fonts[key]


def width(text, name, size):
    return font(name, 100).getlength(text) * size / 100


# ----------------------------------------------------------------------------------------------------------------- page
INK, PEN = (15, 15, 20), (25, 35, 110)
W, H = 612, 792  # points, as on US letter paper; y grows downwards


class Page:
    """A sheet of paper: remembers what is drawn so that it can become a picture or a PDF page with real text."""

    def __init__(self, pen="mono", seed=1):
        self.ops, self.pen, self.rng = [], pen, np.random.default_rng(seed)

    def text(self, x, y, s, size=9, face="sans", align="l", ink=INK):
        x -= {"l": 0, "c": 0.5, "r": 1}[align] * width(s, face, size)
        self.ops.append(("text", x, y, s, size, face, ink))

    def para(self, x, y, w, s, size=8.5, face="sans", lead=1.22):
        """Wrapped text; gives the y of the next line."""
        line = ""
        for word in s.split():
            if line and width(line + " " + word, face, size) > w:
                self.text(x, y, line, size, face)
                y, line = y + size * lead, word
            else:
                line = (line + " " + word).strip()
        self.text(x, y, line, size, face)
        return y + size * lead

    def fill(self, x, y, s, size=None, face=None):
        """What the purchaser typed or wrote."""
        face = face or self.pen
        if face == "hand":
            size = size or 12
            for word in s.split(" "):
                drift = self.rng.uniform(-0.9, 0.5)
                for ch in word:
                    self.text(x, y + drift + self.rng.uniform(-0.3, 0.3), ch, size * self.rng.uniform(0.97, 1.04), face, ink=PEN)
                    x += width(ch, face, size) + size * self.rng.uniform(0.02, 0.09)
                x += size * 0.45
        else:
            self.text(x, y, s, size or 10.5, face)

    def rule(self, x0, y0, x1, y1=None, w=0.7):
        self.ops.append(("line", x0, y0, x1, y0 if y1 is None else y1, w))

    def rect(self, x, y, w, h, lw=0.8, shade=None):
        self.ops.append(("rect", x, y, w, h, lw, shade))

    def check(self, x, y, on=False, size=8.5):
        """A tick box whose label stands on the base line y."""
        self.rect(x, y - size + 1, size, size, 0.8)
        if on:
            if self.pen == "hand":
                self.ops.append(("curve", [(x - 1, y - 4), (x + 3, y + 1), (x + 11, y - 11)], 1.3, PEN))
            else:
                for a, b in (((x + 1.2, y - size + 2.2), (x + size - 1.2, y - 0.2)), ((x + size - 1.2, y - size + 2.2), (x + 1.2, y - 0.2))):
                    self.ops.append(("line", a[0], a[1], b[0], b[1], 1.5))

    def line_field(self, x, y, x1, label, value="", label_w=None, size=9):
        """Label, then a line with the value on it."""
        self.text(x, y, label, size)
        start = x + (label_w if label_w is not None else width(label, "sans", size) + 5)
        self.rule(start, y + 2, x1)
        if value:
            self.fill(start + 5, y - 1, value)

    def under_field(self, x, y, x1, label, value="", size=6.8):
        """A line with the value on it and a small label below."""
        self.rule(x, y, x1)
        self.text(x, y + size + 1.5, label, size)
        if value:
            self.fill(x + 4, y - 3, value)

    def cell(self, x, y, w, h, label, value="", size=6.8, indent=5):
        """A box with a small label at its top and the value below it."""
        self.rect(x, y, w, h, 0.7)
        self.text(x + 3, y + size + 2, label, size)
        if value:
            self.fill(x + indent, y + h - 5, value)

    def sign(self, x, y, w, h, seed):
        """A signature: smooth random pen strokes on the line at y; a capital, a run of loops, for some a second name or a stroke below."""
        rng = np.random.default_rng(seed)
        names = int(rng.integers(1, 3))
        slant, span = rng.uniform(0.1, 0.55), w / names
        for k in range(names):
            x0, wk = x + k * span, span * (0.86 if k < names - 1 else 1)
            cap = h * rng.uniform(0.95, 1.3)
            bow = rng.uniform(-0.1, 0.12) * w
            pts = [(x0 + cap * slant * 0.3 + bow, y - cap * 0.75), (x0 + cap * slant * 0.8, y - cap), (x0 + h * 0.15, y - cap * 0.35), (x0 - h * 0.05, y + h * rng.uniform(0.02, 0.25)), (x0 + h * 0.55, y - cap * rng.uniform(0.3, 0.7))]
            loops, t0 = int(rng.integers(3, 7)), h * 0.75
            step = (wk - t0) / loops
            for i in range(loops):
                high = h * (rng.uniform(0.75, 1.05) if rng.random() < 0.25 else rng.uniform(0.18, 0.5)) * (1 - 0.35 * i / loops)
                low = h * (rng.uniform(0.25, 0.4) if rng.random() < 0.15 else rng.uniform(-0.06, 0.08))
                cx = x0 + t0 + step * i
                back = step * rng.uniform(-0.15, 0.45)
                pts += [(cx + high * slant, y - high), (cx + step * 0.15 - back + high * slant * 0.4, y - high * rng.uniform(0.5, 0.9)), (cx + step * 0.35, y + low)]
            pts.append((x0 + wk, y - h * rng.uniform(0.1, 0.45)))
            self.ops.append(("curve", [(float(u), float(v)) for u, v in pts], float(rng.uniform(0.95, 1.45)), PEN))
        if rng.random() < 0.4:
            self.ops.append(("curve", [(float(u), float(v)) for u, v in ((x + w * 0.1, y + h * 0.2), (x + w * 0.5, y + h * rng.uniform(0.1, 0.25)), (x + w * 1.08, y - h * 0.02))], 1.0, PEN))

    def footer(self):
        self.text(W / 2, 780, "Drawn as made-up sample data for software tests. Not an official form.", 5.2, "sans", "c", (110, 110, 110))

    # -- as a picture
    def image(self, dpi=200):
        k = dpi / 72
        img = Image.new("RGB", (round(W * k), round(H * k)), "white")
        d = ImageDraw.Draw(img)
        for op in self.ops:
            if op[0] == "text":
                _, x, y, s, size, face, ink = op
                d.text((x * k, y * k), s, font=font(face, size * k), fill=ink, anchor="ls")
            elif op[0] == "line":
                d.line([op[1] * k, op[2] * k, op[3] * k, op[4] * k], fill=INK, width=max(1, round(op[5] * k * 0.8)))
            elif op[0] == "rect":
                _, x, y, w, h, lw, shade = op
                d.rectangle([x * k, y * k, (x + w) * k, (y + h) * k], outline=INK if lw else None, width=max(1, round(lw * k * 0.8)) if lw else 0, fill=(shade,) * 3 if shade is not None else None)
            else:
                pts = smooth(op[1])
                d.line([(px * k, py * k) for px, py in pts], fill=op[3], width=max(2, round(op[2] * k)), joint="curve")
        return img

    # -- as a PDF page with a text layer
    def onto(self, c):
        for op in self.ops:
            if op[0] == "text":
                _, x, y, s, size, face, ink = op
                c.setFillColorRGB(*(v / 255 for v in ink))
                c.setFont(FONTS[face][2], size)
                c.drawString(round(x, 2), round(H - y, 2), s)
            elif op[0] == "line":
                c.setLineWidth(op[5])
                c.setStrokeColorRGB(0, 0, 0)
                c.line(op[1], H - op[2], op[3], H - op[4])
            elif op[0] == "rect":
                _, x, y, w, h, lw, shade = op
                c.setLineWidth(lw or 0.1)
                c.setStrokeColorRGB(0, 0, 0)
                if shade is not None:
                    c.setFillGray(shade / 255)
                c.rect(x, H - y - h, w, h, stroke=1 if lw else 0, fill=0 if shade is None else 1)
            else:
                c.setLineWidth(op[2])
                c.setStrokeColorRGB(*(v / 255 for v in op[3]))
                path = c.beginPath()
                pts = smooth(op[1])
                path.moveTo(round(pts[0][0], 2), round(H - pts[0][1], 2))
                for px, py in pts[1:]:
                    path.lineTo(round(px, 2), round(H - py, 2))
                c.drawPath(path)
        c.showPage()


def smooth(points, steps=14):
    """Catmull-Rom curve through the points."""
    p = [points[0]] + list(points) + [points[-1]]
    out = []
    for i in range(1, len(p) - 2):
        for t in np.linspace(0, 1, steps, endpoint=False):
            out.append(tuple(0.5 * (2 * p[i][j] + (p[i + 1][j] - p[i - 1][j]) * t + (2 * p[i - 1][j] - 5 * p[i][j] + 4 * p[i + 1][j] - p[i + 2][j]) * t**2
                                    + (3 * p[i][j] - p[i - 1][j] - 3 * p[i + 1][j] + p[i + 2][j]) * t**3) for j in (0, 1)))
    return out + [points[-1]]


def us(iso, long=False):
    """2026-03-14 as 03/14/2026 or March 14, 2026."""
    if not iso:
        return ""
    d = datetime.date.fromisoformat(iso)
    return f"{d.strftime('%B')} {d.day}, {d.year}" if long else d.strftime("%m/%d/%Y")


# ---------------------------------------------------------------------------------------------------------------- forms
# Each takes what is to be filled in and gives the pages. c: name line1 city region zip phone number business items person
# title date signed blanket seed pen, and seller where it is not our merchant. Wording of the long paragraphs is our own.
def csz(c):
    return f"{c['city']}, {c['region']} {c['zip']}"


def sheet(c):
    p = Page(c.get("pen", "mono"), c["seed"])
    p.footer()
    return p


def seller(c):
    return c.get("seller", SELLER)


def sign(p, c, x, y, w, h=20):
    if c.get("signed", True):
        p.sign(x, y, w, h, c["seed"] * 7 + 3)


def tx_resale(c):
    p, s = sheet(c), seller(c)
    p.text(40, 44, "01-339", 8, "bold"); p.text(40, 54, "(Rev.4-13/8)", 7)
    p.text(40, 80, "Texas Sales and Use Tax Resale Certificate", 15, "bold")
    p.cell(40, 92, 376, 30, "Name of purchaser, firm or agency as shown on permit", c["name"]); p.cell(416, 92, 156, 30, "Phone (Area code and number)", c["phone"])
    p.cell(40, 122, 532, 30, "Address (Street & number, P.O. Box or Route number)", c["line1"])
    p.cell(40, 152, 532, 30, "City, State, ZIP code", csz(c))
    p.cell(40, 182, 532, 32, "Texas Sales and Use Tax Permit Number (must contain 11 digits)", c["number"])
    p.cell(40, 214, 532, 32, "Out-of-state retailer's registration number or Federal Taxpayers Registry (RFC) number for retailers based in Mexico")
    y = p.para(48, 268, 516, "I, the purchaser named above, claim the right to make a non-taxable purchase (for resale of the taxable items described below or on the attached order or invoice) from:", 9)
    p.line_field(48, y + 12, 560, "Seller:", s["name"], 84)
    p.line_field(48, y + 34, 560, "Street address:", s["line1"], 84)
    p.line_field(48, y + 56, 560, "City, State, ZIP code:", csz(s), 104)
    p.text(48, y + 82, "Description of items to be purchased on the attached order or invoice:", 9)
    p.rule(48, y + 104, 560); p.fill(54, y + 101, c["items"]); p.rule(48, y + 124, 560)
    p.text(48, y + 148, "Description of the type of business activity generally engaged in or type of items normally sold by the purchaser:", 9)
    p.rule(48, y + 170, 560); p.fill(54, y + 167, c["business"]); p.rule(48, y + 190, 560)
    y = p.para(48, y + 212, 516, "The taxable items described above will be resold, rented or leased by me within the United States of America, its territories and possessions, or within the United Mexican States, in their present form or attached to other taxable items to be sold.", 8.6)
    y = p.para(48, y + 6, 516, "I understand that if I use the items in any other way than keeping, showing or demonstrating them while holding them for sale, lease or rental, I must pay sales tax on them at the time of use.", 8.6)
    y = p.para(48, y + 6, 516, "I understand that it is a criminal offense to give a resale certificate for taxable items that I know, at the time of purchase, are bought for use rather than for resale, lease or rental.", 8.6, "ital")
    p.text(46, y + 34, "sign", 10, "bold"); p.text(46, y + 45, "here", 10, "bold")
    p.cell(76, y + 14, 246, 40, "Purchaser"); p.cell(322, y + 14, 130, 40, "Title", c["title"]); p.cell(452, y + 14, 120, 40, "Date", us(c["date"]))
    sign(p, c, 110, y + 48, 150)
    p.text(W / 2, y + 78, "This certificate should be furnished to the supplier.", 9, "bold", "c")
    p.text(W / 2, y + 90, "Do not send the completed certificate to the Comptroller of Public Accounts.", 9, "bold", "c")
    return [p]


def tx_exempt(c):
    p, s = sheet(c), seller(c)
    p.text(40, 44, "01-339", 8, "bold"); p.text(40, 54, "(Back) (Rev.4-13/8)", 7)
    p.text(40, 84, "Texas Sales and Use Tax Exemption Certification", 15, "bold")
    p.text(40, 98, "This certificate does not require a number to be valid.", 8.5, "ital")
    p.cell(40, 110, 532, 34, "Name of purchaser, firm or agency", c["name"])
    p.cell(40, 144, 376, 34, "Address (Street & number, P.O. Box or Route number)", c["line1"]); p.cell(416, 144, 156, 34, "Phone (Area code and number)", c["phone"])
    p.cell(40, 178, 532, 34, "City, State, ZIP code", csz(c))
    y = p.para(48, 238, 516, "I, the purchaser named above, claim an exemption from payment of sales and use taxes (for the purchase of taxable items described below or on the attached order or invoice) from:", 9)
    p.line_field(48, y + 14, 560, "Seller:", s["name"], 84)
    p.line_field(48, y + 38, 380, "Street address:", s["line1"], 84)
    p.line_field(48, y + 62, 560, "City, State, ZIP code:", csz(s), 104)
    p.text(48, y + 92, "Description of items to be purchased or on the attached order or invoice:", 9)
    p.rule(48, y + 116, 560); p.fill(54, y + 113, c["items"]); p.rule(48, y + 138, 560)
    p.text(48, y + 166, "Purchaser claims this exemption for the following reason:", 9)
    p.rule(48, y + 190, 560); p.fill(54, y + 187, c["reason_text"]); p.rule(48, y + 212, 560)
    y = p.para(48, y + 240, 516, "I understand that I will be liable for payment of all state and local sales or use taxes which may become due for failure to comply with the provisions of the Tax Code and all applicable law.", 8.6)
    y = p.para(48, y + 6, 516, "I understand that it is a criminal offense to give an exemption certificate for taxable items that I know, at the time of purchase, will be used in a manner other than that expressed in this certificate.", 8.6, "ital")
    p.text(46, y + 34, "sign", 10, "bold"); p.text(46, y + 45, "here", 10, "bold")
    p.cell(76, y + 14, 246, 40, "Purchaser"); p.cell(322, y + 14, 130, 40, "Title", c["title"]); p.cell(452, y + 14, 120, 40, "Date", us(c["date"]))
    sign(p, c, 110, y + 48, 150)
    p.text(W / 2, y + 84, "This certificate should be furnished to the supplier.", 9, "bold", "c")
    p.text(W / 2, y + 96, "Do not send the completed certificate to the Comptroller of Public Accounts.", 9, "bold", "c")
    return [p]


def ca_230(c):
    p, s = sheet(c), seller(c)
    p.text(40, 42, "CDTFA-230 REV. 1 (8-17)", 7.5); p.text(40, 53, "GENERAL RESALE CERTIFICATE", 8.5, "bold")
    p.text(572, 42, "STATE OF CALIFORNIA", 7.5, align="r"); p.text(572, 53, "CALIFORNIA DEPARTMENT OF TAX AND FEE ADMINISTRATION", 7.5, align="r")
    p.text(W / 2, 108, "California Resale Certificate", 15, "bold", "c")
    p.text(48, 144, "I HEREBY CERTIFY:", 10, "bold")
    p.line_field(48, 168, 560, "1. I hold valid seller's permit number:", c["number"], size=10)
    p.text(48, 194, "2. I am engaged in the business of selling the following type of tangible personal property:", 10)
    p.rule(60, 216, 560); p.fill(64, 213, c["business"])
    p.text(48, 244, "3. This certificate is for the purchase from", 10); p.rule(250, 246, 446); p.fill(254, 243, s["name"]); p.text(450, 244, "of the item(s) I have", 10)
    p.text(60, 257, "listed in paragraph 5 below.", 10); p.text(322, 256, "[Vendor's name]", 8)
    p.text(48, 284, "4.", 10)
    y = p.para(60, 284, 500, "I will resell the item(s) listed in paragraph 5, which I am buying under this resale certificate in the form of tangible personal property in the regular course of my business, before making any use of them other than showing or demonstrating them while they are held for sale. If I use the item(s) in any other manner, I will owe use tax based on each item's purchase price.", 10)
    p.text(48, y + 16, "5. Description of property to be purchased for resale:", 10)
    p.rule(60, y + 40, 560); p.fill(64, y + 37, c["items"]); p.rule(60, y + 62, 560)
    p.text(48, y + 88, "6. I have read and understand the following:", 10)
    y = p.para(60, y + 104, 500, "For Your Information: A person may be guilty of a misdemeanor who gives a resale certificate to avoid paying tax knowing that the item will not be resold before any other use. A person misusing a resale certificate is liable for the tax due on each purchase and a penalty.", 9.5)
    y += 22
    p.rule(40, y - 10, 572); p.text(42, y - 1, "NAME OF PURCHASER", 6.5); p.fill(52, y + 17, c["name"], 11)
    p.rule(40, y + 24, 572); p.text(42, y + 33, "SIGNATURE OF PURCHASER, PURCHASER'S EMPLOYEE OR AUTHORIZED REPRESENTATIVE", 6.5); sign(p, c, 70, y + 60, 160)
    p.rule(40, y + 66, 572); p.text(42, y + 75, "PRINTED NAME OF PERSON SIGNING", 6.5); p.fill(52, y + 93, c["person"], 11); p.rule(370, y + 66, 370, y + 100); p.text(373, y + 75, "TITLE", 6.5); p.fill(380, y + 93, c["title"], 11)
    p.rule(40, y + 100, 572); p.text(42, y + 109, "ADDRESS OF PURCHASER", 6.5); p.fill(52, y + 127, c["line1"] + ", " + csz(c), 11)
    p.rule(40, y + 134, 572); p.text(42, y + 143, "TELEPHONE NUMBER", 6.5); p.fill(52, y + 161, c["phone"], 11); p.rule(370, y + 134, 370, y + 168); p.text(373, y + 143, "DATE", 6.5); p.fill(380, y + 161, us(c["date"]), 11)
    p.rule(40, y + 168, 572)
    return [p]


def ny_120(c):
    p, s = sheet(c), seller(c)
    p.text(150, 44, "New York State Department of Taxation and Finance", 8.5); p.text(150, 57, "New York State and Local Sales and Use Tax", 10, "bold")
    p.text(150, 74, "Resale Certificate", 15, "bold"); p.text(572, 56, "ST-120", 20, "bold", "r"); p.text(572, 68, "(1/26)", 7, align="r")
    for x, who, t in ((40, "seller", s), (306, "purchaser", c)):
        p.cell(x, 88, 266, 28, "Name of " + who, t["name"]); p.cell(x, 116, 266, 28, "Street address", t["line1"])
        p.cell(x, 144, 134, 28, "City", t["city"]); p.cell(x + 134, 144, 48, 28, "State", t["region"]); p.cell(x + 182, 144, 84, 28, "ZIP code", t["zip"])
    p.text(40, 192, "Mark an X in the appropriate box:", 9)
    p.check(200, 192, c["blanket"] is False); p.text(213, 192, "Single-use certificate", 9); p.check(330, 192, c["blanket"] is True); p.text(343, 192, "Blanket certificate", 9)
    p.text(40, 204, "Temporary vendors must issue a single-use certificate.", 9)
    p.rect(40, 214, 532, 48, 0.8); p.text(45, 226, "To the purchaser:", 9, "bold")
    p.para(45, 237, 522, "You may not use this certificate to buy items or services that are not for resale. If you use or consume property or services bought for resale, you must report and pay the unpaid tax directly to New York State.", 8.5)
    p.text(40, 282, "Purchaser information - please type or print", 10, "bold")
    p.text(40, 300, "I am engaged in the business of", 9); p.rule(172, 302, 330); p.fill(175, 299, c["business"], 9); p.text(336, 300, "and principally sell", 9); p.rule(416, 302, 572); p.fill(419, 299, c["items"], 9)
    p.text(W / 2, 313, "(Contractors may not use this certificate to purchase materials and supplies.)", 8, "ital", "c")
    p.rule(40, 320, 572, w=1.2); p.text(40, 334, "Part 1 - To be completed by registered New York State sales tax vendors", 10, "bold"); p.text(40, 347, "I certify that I am:", 9, "bold")
    p.check(42, 364, True); p.text(56, 364, "a New York State vendor (including a hotel operator or a dues or admissions recipient). My valid", 9)
    p.line_field(56, 382, 420, "Certificate of Authority number is", c["number"])
    p.check(42, 402); p.text(56, 402, "a New York State temporary vendor. My valid Certificate of Authority number is ______________ and expires on ________", 8.8)
    p.text(40, 420, "I am purchasing:", 9, "bold")
    p.check(42, 436, True); p.text(56, 436, "A. Tangible personal property (other than motor fuel or diesel motor fuel)", 9)
    p.text(70, 448, "- for resale in its present form or as a physical component part of tangible personal property;", 9)
    p.text(70, 460, "- for use in performing taxable services where the property becomes part of the property served.", 9)
    p.check(42, 476); p.text(56, 476, "B. A service for resale, including the servicing of tangible personal property held for sale.", 9)
    p.rule(40, 486, 572, w=1.2); p.text(40, 500, "Part 2 - To be completed by non-New York State purchasers", 10, "bold")
    p.text(40, 516, "I am registered to collect sales tax in the following state/jurisdiction ____________ with registration number ____________", 9)
    p.text(40, 532, "I am purchasing:", 9, "bold"); p.check(42, 548); p.text(56, 548, "C. Tangible personal property for resale delivered directly by the seller to my customer in New York State.", 9)
    p.check(42, 564); p.text(56, 564, "D. Tangible personal property for resale that will be resold from a business located outside New York State.", 9)
    p.rule(40, 574, 572, w=1.2)
    p.para(40, 587, 532, "Certification: I certify that the above statements are true, complete, and correct, and that no material information has been left out. I make these statements knowing that this document is evidence that state and local sales or use taxes do not apply to the transactions for which I tender it, and that the Tax Department may look into the validity of tax exemptions claimed.", 8)
    p.cell(40, 636, 532, 34, "Type or print name and title of owner, partner, or authorized person of purchaser", f"{c['person']}, {c['title']}")
    p.cell(40, 670, 390, 38, "Signature of owner, partner, or authorized person of purchaser"); sign(p, c, 90, 702, 170, 18)
    p.cell(430, 670, 142, 38, "Date prepared", us(c["date"]))
    p.text(W / 2, 726, "Substantial penalties will result from misuse of this certificate.", 9, "bold", "c")
    return [p, instructions("Instructions", "ST-120 (1/26) (back)", [
        ("Who may use this certificate", "A person registered as a New York State sales tax vendor with a valid Certificate of Authority may use this form to buy tangible personal property or services for resale. A purchaser from another state may use it only as described in Part 2."),
        ("Limitations on use", "Contractors may not use this certificate. A purchaser may not use it to buy things for its own use, such as office supplies, furniture or tools."),
        ("Blanket certificate", "A blanket certificate covers all purchases of the same general type from the seller. It stays in force until the purchaser gives written notice, or until facts stated on the certificate change."),
        ("To the seller", "Keep this certificate for at least three years after the due date of the last return to which it relates. You must get a properly completed certificate within 90 days of the sale. A certificate is properly completed when all required entries have been made."),
        ("Penalties", "Misuse of this certificate may lead to civil and criminal penalties, and to the loss of the Certificate of Authority."),
        ("Need help?", "Visit the website of the department, or call the sales tax information center on weekdays.")], c)]


def instructions(title, number, parts, c):
    p = Page("mono", c["seed"])
    p.footer()
    p.text(40, 50, title, 14, "bold"); p.text(572, 50, number, 8, align="r"); p.rule(40, 58, 572, w=1.2)
    y = 80
    for head, body in parts:
        p.text(40, y, head, 10, "bold")
        y = p.para(40, y + 15, 532, body, 9.5, lead=1.3) + 12
    return p


def fl_dr13(c):
    p, s = sheet(c), seller(c)
    p.rect(30, 30, 552, 640, 2.2); p.rect(34, 34, 544, 632, 0.7)
    p.text(548, 58, "DR-13", 12, "bold", "r"); p.text(548, 69, "R. 10/25", 7, align="r")
    p.text(60, 64, "Florida Department of Revenue", 11, "bold")
    p.text(W / 2, 112, "2026 Florida Annual Resale Certificate for Sales Tax", 17, "bold", "c")
    p.text(W / 2, 138, "This Certificate Expires on December 31, 2026", 13, "bold", "c")
    p.text(60, 178, "Business Name and Location Address", 9, "bold"); p.text(350, 178, "Certificate Number", 9, "bold")
    p.fill(60, 200, c["name"].upper(), 11); p.fill(60, 215, c["line1"].upper(), 11); p.fill(60, 230, f"{c['city']} {c['region']} {c['zip']}".upper(), 11); p.fill(350, 200, c["number"], 12, "monob" if p.pen == "mono" else None)
    p.text(60, 272, "Effective Date", 9, "bold"); p.text(350, 272, "Registration Effective", 9, "bold"); p.fill(60, 288, "01/01/2026"); p.fill(350, 288, "04/17/2019")
    p.rule(60, 306, 552)
    y = p.para(60, 326, 492, "By extending this certificate or the certificate number to a selling dealer to make eligible purchases of taxable property or services exempt from sales tax and discretionary sales surtax, the person or business named above certifies that the property or services bought or rented will be resold or re-rented for one or more of the following purposes:", 9.5)
    for item in ("Resale as tangible personal property.", "Re-rental as tangible personal property.", "Resale of services.", "Re-rental as commercial or transient rental property.", "Incorporation into tangible personal property that is being repaired.", "Incorporation as a component of tangible personal property for resale by manufacturing."):
        p.text(84, y + 6, "-  " + item, 9.5); y += 14
    y = p.para(60, y + 14, 492, "This certificate cannot be reassigned or transferred. It can only be used by the active registered dealer or its authorized employees. Misuse of this certificate subjects the user to penalties as provided by law. Use signed photocopy for resale purposes.", 9.5)
    p.text(60, y + 34, "Presented to:", 10, "bold"); p.under_field(140, y + 34, 400, "(insert name of seller on photocopy.)", s["name"], 7.5); p.under_field(420, y + 34, 552, "(date)", us(c["date"]), 7.5)
    p.text(60, y + 76, "Presented by:", 10, "bold"); p.under_field(140, y + 76, 400, "(authorized signature on photocopy.)", "", 7.5); p.under_field(420, y + 76, 552, "(date)", us(c["date"]), 7.5)
    sign(p, c, 160, y + 72, 150, 18)
    return [p]


def pa_1220(c):
    p, s = sheet(c), seller(c)
    p.text(36, 40, "REV-1220 (TR) 07-23", 7); p.text(36, 58, "pennsylvania", 12, "bold"); p.text(36, 68, "DEPARTMENT OF REVENUE", 6.5)
    p.text(W / 2, 50, "PENNSYLVANIA EXEMPTION", 15, "bold", "c"); p.text(W / 2, 67, "CERTIFICATE", 15, "bold", "c")
    p.check(170, 84, True); p.text(184, 84, "STATE AND LOCAL SALES AND USE TAX", 7.5); p.check(170, 96); p.text(184, 96, "STATE 6% AND LOCAL 1% HOTEL OCCUPANCY TAX", 7.5)
    p.check(170, 108); p.text(184, 108, "PUBLIC TRANSPORTATION ASSISTANCE TAXES AND FEES (PTA)", 7.5)
    p.rect(456, 36, 120, 46, 1.2); p.para(462, 48, 110, "This form cannot be used to obtain a Sales Tax License ID, PTA License ID or Exempt Status.", 7.5, "bold"); p.text(516, 96, "(Please Print or Type)", 7.5, align="c")
    p.rect(36, 118, 540, 16, 0, 30); p.text(W / 2, 130, "THIS FORM MAY BE PHOTOCOPIED - VOID UNLESS COMPLETE INFORMATION IS SUPPLIED", 9, "bold", "c", (255, 255, 255))
    p.text(36, 150, "CHECK ONE:", 9, "bold"); p.check(110, 150, c["blanket"] is False); p.text(124, 150, "PENNSYLVANIA TAX UNIT EXEMPTION CERTIFICATE (USE FOR ONE TRANSACTION)", 8.5, "bold")
    p.check(110, 165, c["blanket"] is True); p.text(124, 165, "PENNSYLVANIA TAX BLANKET EXEMPTION CERTIFICATE (USE FOR MULTIPLE TRANSACTIONS)", 8.5, "bold")
    p.cell(36, 174, 540, 30, "Name of Seller, Vendor or Lessor", s["name"], 7.5)
    p.cell(36, 204, 260, 30, "Street", s["line1"], 7.5); p.cell(296, 204, 140, 30, "City", s["city"], 7.5); p.cell(436, 204, 50, 30, "State", s["region"], 7.5); p.cell(486, 204, 90, 30, "ZIP Code", s["zip"], 7.5)
    p.para(36, 250, 540, "Property and services purchased or leased using this certificate are exempt from tax because: (Select the appropriate paragraph from the back of this form, check the corresponding block below and insert information requested.)", 8.8)
    rows = [("1.", "Property or services will be used directly and predominately by purchaser in performing purchaser's operation of:", False), ("2.", "Purchaser is a/an: ____________________ holding Sales Tax Exemption Number ____________________", False),
            ("3.", "Property will be resold under License ID", True), ("4.", "Property or services will be used directly by purchaser performing a public utility service.", False),
            ("5.", "Exempt wrapping supplies, License ID ____________________", False), ("6.", "Canned computer software bought by a financial institution subject to the Bank and Trust Company Shares Tax.", False), ("7.", "Other ______________________________________________ (Explain in detail.)", False)]
    y = 286
    for n, t, on in rows:
        p.check(40, y, on); p.text(56, y, n, 8.8); p.text(70, y, t, 8.8)
        if on:
            p.rule(244, y + 2, 400); p.fill(252, y - 1, c["number"]); p.text(404, y, "(If purchaser does not have a PA Sales", 7.5); p.text(70, y + 12, "Tax License ID, include a statement under Number 7 explaining why a number is not required.)", 7.5); y += 12
        y += 22
    y = p.para(36, y + 6, 540, "I am authorized to execute this certificate and claim this exemption. Misuse of this certificate by seller, lessor, buyer, lessee or their representative is punishable by fine and imprisonment.", 8.8)
    p.cell(36, y + 2, 220, 34, "Name of Purchaser or Lessee", c["name"], 7.5); p.cell(256, y + 2, 150, 34, "Signature", "", 7.5); p.cell(406, y + 2, 90, 34, "EIN", "", 7.5); p.cell(496, y + 2, 80, 34, "Date", us(c["date"]), 7.5)
    sign(p, c, 276, y + 31, 100, 14)
    p.cell(36, y + 36, 260, 32, "Street", c["line1"], 7.5); p.cell(296, y + 36, 140, 32, "City", c["city"], 7.5); p.cell(436, y + 36, 50, 32, "State", c["region"], 7.5); p.cell(486, y + 36, 90, 32, "ZIP Code", c["zip"], 7.5)
    y += 88
    for head, body in (("1. ACCEPTANCE AND VALIDITY:", "For this certificate to be valid, the seller must act in good faith in accepting it: it must be fully completed, be held within 60 days of the sale, and not contain information known to be false."), ("2. REPRODUCTION OF FORM:", "This form may be copied but shall contain the same information as appears on this form."), ("3. RETENTION:", "The seller or lessor must keep this certificate for at least four years from the date of the exempt sale.")):
        p.text(36, y, head, 8, "bold"); y = p.para(48, y + 11, 528, body, 8) + 4
    p.text(W / 2, y + 10, "DO NOT RETURN THIS FORM TO THE PA DEPARTMENT OF REVENUE.", 9, "bold", "c")
    return [p]


def oh_stec_b(c):
    p, s = sheet(c), seller(c)
    p.text(560, 46, "STEC B", 12, "bold", "r"); p.text(560, 57, "Rev. 7/25", 8, align="r"); p.text(50, 50, "Ohio", 16, "bold"); p.text(92, 50, "Department of Taxation", 11); p.rule(50, 64, 560, w=1.2)
    p.text(W / 2, 104, "Sales and Use Tax", 15, "bold", "c"); p.text(W / 2, 123, "Blanket Exemption Certificate", 15, "bold", "c")
    p.para(50, 154, 510, "The purchaser hereby claims exception or exemption on all purchases of tangible personal property and selected services made under this certificate from:", 10)
    p.under_field(110, 196, 500, "(Vendor's name)", s["name"], 8)
    p.text(50, 228, "and certifies that this claim is based upon the purchaser's proposed use of the items or services, the activity of the", 10); p.text(50, 241, "purchaser, or both, as shown hereon:", 10)
    p.rule(50, 268, 560); p.fill(56, 265, c["reason_text"]); p.rule(50, 292, 560); p.rule(50, 316, 560)
    p.text(W / 2, 340, "Purchaser must state a valid reason for claiming exception or exemption.", 10, "bold", "c")
    y = 384
    p.under_field(50, y, 400, "Purchaser's name", c["name"], 8); p.under_field(50, y + 38, 400, "Purchaser's type of business", c["business"], 8); p.under_field(50, y + 76, 400, "Street address", c["line1"], 8)
    p.under_field(50, y + 114, 400, "City, state, ZIP code", csz(c), 8); p.under_field(50, y + 152, 260, "Signature", "", 8); p.under_field(280, y + 152, 400, "Title", c["title"], 8); p.under_field(50, y + 190, 260, "Date signed", us(c["date"]), 8)
    sign(p, c, 66, y + 150, 140, 20)
    p.under_field(50, y + 228, 400, "Vendor's license number, if any", c["number"], 8)
    p.para(50, y + 266, 510, "Vendors of motor vehicles, titled watercraft and titled outboard motors may use this certificate to purchase these items under the resale exception. Otherwise, purchaser must use the certificates made for those items. This certificate cannot be used by construction contractors to buy material for incorporation into real property under an exempt construction contract.", 8.5)
    return [p]


def wa_permit(c):
    p, s = sheet(c), seller(c)
    p.rect(36, 36, 540, 560, 1.6)
    p.text(60, 70, "State of Washington", 11); p.text(60, 86, "Department of Revenue", 13, "bold")
    p.text(W / 2, 132, "Reseller Permit", 24, "bold", "c")
    p.rect(60, 152, 492, 34, 0, 228)
    p.text(72, 174, "Permit No.:", 11, "bold"); p.fill(150, 174, c["number"], 13, "monob")
    for i, (label, value) in enumerate((("Business name:", c["name"]), ("Address:", c["line1"]), ("", csz(c)), ("Business activities:", c["business"]), ("Permit effective:", us(c["effective"])), ("Permit expires:", us(c["expires"])))):
        p.text(72, 214 + 22 * i, label, 10, "bold"); p.fill(190, 214 + 22 * i, value, 11)
    y = p.para(60, 356, 492, "This permit can be used to purchase: merchandise and inventory for resale without intervening use; ingredients, components or chemicals used in processing new articles of tangible personal property produced for sale; services and feedstock bought for resale.", 9.5)
    y = p.para(60, y + 8, 484, "This permit cannot be used to purchase: items for personal or household use, items to be given away, or supplies, tools and equipment used in the business that are not resold.", 9.5)
    y = p.para(60, y + 8, 484, "This permit is no longer valid if the business is closed. Misuse may lead to its loss, a penalty of 50 percent of the tax due, and the tax itself with interest. Permits cannot be transferred.", 9.5)
    p.text(60, y + 20, "Given to the seller (to be completed by the permit holder):", 10, "bold")
    p.line_field(60, y + 44, 380, "Seller name:", s["name"]); p.line_field(400, y + 44, 552, "Date:", us(c["date"])); p.line_field(60, y + 74, 380, "Signature:", ""); sign(p, c, 130, y + 73, 150, 18)
    p.line_field(400, y + 74, 552, "Title:", c["title"])
    return [p]


def il_crt61(c):
    p, s = sheet(c), seller(c)
    p.text(40, 46, "Illinois Department of Revenue", 11, "bold"); p.text(40, 68, "CRT-61 Certificate of Resale", 16, "bold"); p.rule(40, 76, 572, w=1.6)
    p.para(40, 90, 532, "A Certificate of Resale is a statement signed by the purchaser that the goods bought are for resale. Note: It is the seller's duty to check that the purchaser's retailer or reseller Illinois account ID number is valid and active.", 9)
    p.rule(40, 124, 572, w=1.6)
    for y, step, t in ((140, "Step 1: Identify the seller", s), (236, "Step 2: Identify the purchaser", c)):
        p.text(40, y, step, 12, "bold"); p.line_field(40, y + 22, 420, "Name", t["name"], 48); p.line_field(40, y + 46, 420, "Address", t["line1"], 48)
        p.line_field(40, y + 70, 300, "City", t["city"], 48); p.line_field(320, y + 70, 400, "State", t["region"]); p.line_field(420, y + 70, 540, "ZIP", t["zip"])
    p.rule(40, 220, 572, w=1.6)
    p.text(40, 328, "Complete the information below. Check only one box.", 10, "bold")
    p.check(42, 348, True, 10); p.text(58, 348, "The purchaser is registered as a retailer or reseller with IDOR. Account ID number", 9.3); p.rule(408, 350, 540); p.fill(416, 347, c["number"])
    p.check(42, 368, False, 10); p.para(58, 368, 510, "The purchaser is an out-of-State purchaser and will resell and deliver this property only to purchasers located outside the State of Illinois. Enter the other state name and account/registration number: __________________________", 9.3)
    p.rule(40, 398, 572, w=1.6); p.text(40, 412, "If making a blanket certificate, skip to Step 4 or 5.", 10, "bold")
    p.text(40, 434, "Step 3: Describe the property", 12, "bold"); p.text(40, 448, "Describe the property that is being purchased for resale or list the invoice number and the date of purchase.", 9)
    p.rule(40, 470, 572); p.fill(46, 467, c["items"]); p.rule(40, 492, 572); p.rule(40, 500, 572, w=1.6)
    p.text(40, 518, "Step 4: Complete for full blanket certificates", 12, "bold"); p.check(42, 538, c["blanket"] is True, 10); p.text(58, 538, "I am the identified purchaser, and I certify that all of the purchases that I make from this seller are for resale.", 9.3)
    p.rule(40, 550, 572, w=1.6); p.text(40, 568, "Step 5: Complete for percentage blanket certificates", 12, "bold"); p.check(42, 588, False, 10); p.text(58, 588, "I am the identified purchaser, and I certify that the following percentage, ______ %, of my purchases are for resale.", 9.3)
    p.rule(40, 600, 572, w=1.6); p.text(40, 618, "Step 6: Purchaser's signature", 12, "bold")
    p.para(40, 632, 532, "I certify that I am purchasing the property described above from the stated seller for the purpose of resale. I understand that if I use the items in any other manner, I will owe tax on each item's purchase price.", 9)
    p.under_field(40, 690, 280, "Purchaser's signature", ""); sign(p, c, 60, 687, 150, 20); p.under_field(310, 690, 460, "Email address", ""); p.under_field(478, 690, 572, "Date", us(c["date"]))
    p.under_field(40, 726, 280, "Printed name", c["person"]); p.under_field(310, 726, 460, "Phone", c["phone"])
    p.text(40, 752, "CRT-61 (R-04/25)", 8)
    return [p]


def il_instructions(c):
    return instructions("Form CRT-61 Instructions", "CRT-61 (R-04/25)", [
        ("When is a Certificate of Resale required?", "Generally, a Certificate of Resale is required for proof that no tax is due on any sale that is made tax-free as a sale for resale."),
        ("Who keeps the Certificate of Resale?", "The seller must keep the certificate. Sellers do not send these certificates to the department, but must make them available upon request."),
        ("Can other forms be used?", "Yes. A seller may accept other documents as proof that a sale is for resale if they contain all of the same information, including the signature of the purchaser."),
        ("What is a blanket certificate?", "A blanket certificate states that all, or a given percentage, of the purchases made from a seller are for resale. It should be renewed at least every three years."),
        ("How do I verify a number?", "Use the look-up of registered businesses on the department's website.")], c)


def nj_st3(c):
    p, s = sheet(c), seller(c)
    p.text(40, 52, "ST-3", 18, "bold"); p.text(40, 64, "(3-23)", 8); p.text(W / 2, 48, "New Jersey Division of Taxation", 11, "bold", "c"); p.text(W / 2, 66, "Sales Tax", 10, "bold", "c"); p.text(W / 2, 84, "Resale Certificate", 15, "bold", "c")
    p.text(446, 46, "Check applicable box:", 8.5); p.check(446, 62, c["blanket"] is False); p.text(459, 62, "Single-Purchase Certificate", 8); p.check(446, 77, c["blanket"] is True); p.text(459, 77, "Blanket Certificate", 8)
    p.para(40, 106, 532, "The seller must collect Sales Tax on the sale of taxable property or services unless the purchaser gives them a fully completed exemption certificate.", 9)
    p.text(W / 2, 136, "Do not mail this form to the Division of Taxation.", 9, "bold", "c")
    p.rule(40, 142, 572, w=1.4); p.text(40, 156, "Seller", 11, "bold"); p.line_field(40, 176, 572, "Name", s["name"], 48); p.line_field(40, 200, 572, "Address", f"{s['line1']}, {csz(s)}", 48)
    for x, t in ((110, "Street"), (290, "City"), (420, "State"), (500, "ZIP Code")):
        p.text(x, 210, t, 7); p.text(x, 324, t, 7)
    p.rule(40, 218, 572, w=1.4); p.text(40, 232, "Purchaser", 11, "bold")
    p.line_field(40, 256, 572, "New Jersey Taxpayer Identification Number", c["number"]); p.line_field(40, 284, 572, "Name*", c["name"], 48); p.text(200, 294, "As registered with the New Jersey Division of Taxation", 7)
    p.line_field(40, 314, 572, "Address*", f"{c['line1']}, {csz(c)}", 48); p.line_field(40, 344, 572, "Type of Business*", c["business"])
    p.rect(40, 356, 532, 214, 1); p.text(48, 372, "The purchaser certifies that:", 9)
    p.text(56, 388, "(1) They hold a valid Certificate of Authority to collect New Jersey Sales and Use Tax.", 9)
    p.text(56, 404, "(2) They are principally engaged in the sale of (indicate nature of property or service sold):", 9); p.rule(72, 424, 560); p.fill(78, 421, c["items"])
    p.text(56, 442, "(3) The property or services being purchased are described as follows:", 9); p.rule(72, 462, 560); p.fill(78, 459, c["items2"])
    p.text(56, 480, "(4) The property described above is being purchased for (check all boxes that apply):", 9)
    p.check(86, 496, True); p.text(100, 496, "Resale in its present form.", 9); p.check(86, 511); p.text(100, 511, "Resale as converted into or as a component part of a product by the purchaser.", 9); p.check(86, 526); p.text(100, 526, "Use in the performance of a taxable service on personal property.", 9)
    p.text(56, 543, "(5) The services described above are being purchased (check the box that applies):", 9); p.check(86, 559); p.text(100, 559, "By seller who will either collect tax or will resell services.", 9)
    p.para(40, 586, 532, "I, the undersigned purchaser, have read and complied with the rules about the use of the resale certificate, and believe that the seller named above is not required to collect the Sales or Use Tax on the transactions covered by this certificate. I swear under the penalties for perjury that all of the information shown here is true.", 8.8)
    p.line_field(40, 640, 400, "Print Name", c["person"], 100); p.line_field(40, 672, 400, "Authorized Signature*", "", 100); sign(p, c, 170, 671, 150); p.text(180, 682, "(Owner, Partner, Corporate Officer)", 7)
    p.line_field(40, 706, 300, "Title", c["title"], 40); p.line_field(320, 706, 572, "Date", us(c["date"])); p.text(40, 730, "*Required", 8, "bold"); p.text(W / 2, 748, "This form may be reproduced", 9, "bold", "c")
    return [p]


def az_5000a(c):
    p, s = sheet(c), seller(c)
    p.text(40, 42, "Arizona Form", 9); p.text(40, 62, "5000A", 18, "bold"); p.text(W / 2, 58, "Arizona Resale Certificate", 16, "bold", "c"); p.rule(40, 72, 572, w=1.4)
    p.para(40, 88, 532, "The purpose of this Certificate is to document the purchase of tangible personal property for resale in the purchaser's regular course of business. It is to be filled out completely by the purchaser and furnished to the vendor. Incomplete Certificates are not considered to be accepted in good faith.", 9)
    p.text(44, 142, "A. Business Name and Address:", 9.5, "bold"); p.text(330, 142, "B. Check Applicable Box:", 9.5, "bold")
    p.cell(40, 150, 280, 34, "Business Name", c["name"]); p.cell(40, 184, 280, 34, "*TPT/Sales Tax License No.", c["number"]); p.cell(40, 218, 280, 34, "Address", c["line1"])
    p.cell(40, 252, 140, 34, "City", c["city"]); p.cell(180, 252, 50, 34, "State", c["region"]); p.cell(230, 252, 90, 34, "ZIP Code", c["zip"])
    p.rect(320, 150, 252, 136, 0.7); p.check(330, 170, False); p.text(344, 170, "Single Transaction Certificate", 9)
    p.check(330, 196, True); p.text(344, 196, "Period From", 9); p.rule(404, 198, 500); p.fill(410, 195, us(c["effective"])); p.text(344, 218, "Through", 9); p.rule(404, 220, 500); p.fill(410, 217, us(c["expires"]))
    p.para(330, 236, 234, "(You must choose specific dates for which the certificate will be valid. You are encouraged not to exceed a 12 month period.)", 7.5)
    p.cell(40, 294, 532, 34, "Vendor's Name", s["name"]); p.text(44, 346, "C. Precise Nature of Purchaser's Business:", 9.5, "bold"); p.rule(44, 368, 568); p.fill(50, 365, c["business"])
    p.text(44, 392, "D. Description of Property Being Purchased:", 9.5, "bold"); p.rule(44, 414, 568); p.fill(50, 411, c["items"])
    p.text(44, 438, "E. The following sales do not require the purchaser to provide a TPT or other Sales Tax License (check appropriate box):", 9, "bold")
    for i, t in enumerate(("Sales to the U.S. government or its departments or agencies for resale.", "Sales to an unlicensed Arizona School District for resale.", "Sales to a nonprofit charitable I.R.C. 501(c)(3) organization for resale.")):
        p.check(56, 456 + 15 * i); p.text(70, 456 + 15 * i, t, 9)
    p.text(44, 512, "F. Certification", 9.5, "bold")
    y = p.para(44, 526, 524, "A seller that has reason to believe that this Certificate is not accurate, complete, or applicable to the transaction may not accept it in good faith. Use of the property other than sale in the ordinary course of business will subject the purchaser to the Arizona use tax. Willful misuse of this Certificate will subject the purchaser to criminal penalties.", 8.8)
    p.text(44, y + 14, "I,", 9.5); p.rule(56, y + 16, 300); p.fill(62, y + 13, c["person"]); p.text(304, y + 14, ", hereby certify that the information on this Certificate is accurate", 9); p.text(44, y + 27, "and complete and that I am authorized to sign on behalf of the purchaser named above.", 9)
    p.under_field(44, y + 70, 280, "SIGNATURE OF PURCHASER"); sign(p, c, 70, y + 67, 150); p.under_field(296, y + 70, 420, "TITLE", c["title"]); p.under_field(436, y + 70, 568, "DATE SIGNED", us(c["date"]))
    p.text(40, 760, "ADOR 10316 (8/25)", 8)
    return [p]


MTC_STATES = "AK AL AR AZ CA CO CT FL GA HI IA ID IL KS KY MD ME MI MN MO NC ND NE NJ NM NV OH OK PA RI SC SD TN TX UT VT WA WI".split()


def mtc(c):
    p, s = sheet(c), seller(c)
    p.text(W / 2, 44, "UNIFORM SALES & USE TAX RESALE CERTIFICATE - MULTIJURISDICTION", 11.5, "serifb", "c")
    p.para(40, 62, 532, "The below-listed states have indicated that this certificate is acceptable as a resale certificate for sales and use tax, subject to the notes on the following pages. The issuer and the recipient have the duty to determine the proper use of this certificate under applicable laws in each state, as these may change from time to time.", 8.5, "serif")
    p.text(40, 110, "Issued to Seller:", 9.5, "serif"); p.rule(120, 112, 572); p.fill(126, 109, s["name"]); p.text(40, 130, "Address:", 9.5, "serif"); p.rule(120, 132, 572); p.fill(126, 129, f"{s['line1']}, {csz(s)}")
    p.text(40, 150, "I certify that:", 9.5, "serif"); p.text(420, 150, "is engaged as a registered", 9.5, "serif")
    p.text(40, 168, "Name of Firm (Buyer):", 9.5, "serif"); p.rule(134, 170, 410); p.fill(138, 167, c["name"]); p.text(40, 188, "Address:", 9.5, "serif"); p.rule(84, 190, 410); p.fill(90, 187, c["line1"]); p.rule(84, 210, 410); p.fill(90, 207, csz(c))
    for i, t in enumerate(("Wholesaler", "Retailer", "Manufacturer", "Seller", "Lessor", "Other (Specify) __________")):
        p.check(424, 164 + 11.5 * i, t == "Wholesaler", 8); p.text(438, 164 + 11.5 * i, t, 9, "serif")
    y = p.para(40, 236, 532, "and is registered with the below-listed states within which your firm would deliver purchases to us and that any such purchases are for wholesale, resale, or ingredients or components of a new product or service to be resold, leased, or rented in the normal course of business. We are in the business of wholesaling, retailing, manufacturing, leasing (renting) or selling the following:", 8.5, "serif")
    p.text(40, y + 8, "Description of Business:", 9.5, "serif"); p.rule(140, y + 10, 572); p.fill(146, y + 7, c["business"])
    p.text(40, y + 26, "General description of tangible property or taxable services to be purchased from the Seller:", 8.8, "serif"); p.rule(384, y + 28, 572); p.fill(388, y + 25, c["items"], 9)
    y, half, rh = y + 38, len(MTC_STATES) // 2, 15.4
    numbers = dict(c["states"])
    for col in (0, 1):
        x = 56 + 254 * col
        p.rect(x, y, 246, rh + 6, 0.8, 225); p.text(x + 6, y + 14, "State", 8, "serifb"); p.text(x + 50, y + 9, "State Registration, Seller's Permit, or", 7.5, "serifb"); p.text(x + 50, y + 18, "ID Number of Purchaser", 7.5, "serifb")
        for i, st in enumerate(MTC_STATES[col * half:(col + 1) * half]):
            ty = y + rh + 6 + rh * i
            p.rect(x, ty, 40, rh, 0.6); p.rect(x + 40, ty, 206, rh, 0.6); p.text(x + 12, ty + 11.5, st, 9, "serif")
            if st in numbers:
                p.fill(x + 50, ty + 11.8, numbers[st], 10.5)
    y += rh + 6 + rh * half
    y = p.para(40, y + 14, 532, "I further certify that if any property or service so purchased tax free is used or consumed as to make it subject to a Sales or Use Tax we will pay the tax due directly to the proper taxing authority when state law so provides. This certificate shall be a part of each order that we may hereafter give to you, and shall be valid until canceled by us in writing or revoked by the state. Under penalties of perjury, I swear that the information on this form is true and correct as to every material matter.", 8, "serif")
    p.text(180, y + 20, "Authorized Signature:", 9.5, "serif"); p.rule(274, y + 22, 520); sign(p, c, 300, y + 21, 150, 17); p.text(290, y + 30, "(Owner, Partner, or Corporate Officer, or other authorized signer)", 6.5, "serif")
    p.text(180, y + 46, "Title:", 9.5, "serif"); p.rule(274, y + 48, 400); p.fill(280, y + 45, c["title"]); p.text(410, y + 46, "Date:", 9.5, "serif"); p.rule(436, y + 48, 520); p.fill(440, y + 45, us(c["date"]))
    p.text(40, 764, "Revised October 14, 2022", 7.5, "serif")
    return [p]


SST_STATES = "AR GA IA IN KS KY MI MN NC ND NE NJ NV OH OK RI SD TN UT VT WA WI WV WY".split()


def sst(c):
    p, s = sheet(c), seller(c)
    p.text(572, 46, "Streamlined Sales Tax Certificate of Exemption", 14, "bold", "r"); p.text(572, 60, "Do not send this form to the Streamlined Sales Tax Governing Board.", 8.5, "bold", "r"); p.text(572, 71, "Send the completed form to the seller and keep a copy for your records.", 8.5, "bold", "r")
    y = p.para(40, 88, 532, "This is a multi-state form for use in the states listed. Not all states allow all exemptions listed on this form. The purchaser is responsible for making sure that it may claim the exemption in the state concerned, and is liable for any tax, interest and penalties if it may not.", 8.3)
    p.text(40, y + 8, "1.", 11, "bold"); p.check(64, y + 8, c["blanket"] is False); p.text(78, y + 8, "Check if this certificate is for a single purchase. Enter the related invoice/purchase order # ____________________.", 9)
    y += 18; p.text(40, y + 14, "2.", 11, "bold")
    for i, (a, b, t) in enumerate((("A. Purchaser's name", "B. Business address", c), ("C. Name of seller from whom you are purchasing, leasing or renting", "D. Seller's address", s))):
        yy = y + 58 * i
        p.cell(64, yy, 508, 29, a, t["name"]); p.cell(64, yy + 29, 250, 29, b, t["line1"]); p.cell(314, yy + 29, 104, 29, "City", t["city"]); p.cell(418, yy + 29, 38, 29, "State", t["region"]); p.cell(456, yy + 29, 46, 29, "Country", "US"); p.cell(502, yy + 29, 70, 29, "Zip code", t["zip"])
    y += 132; p.text(40, y, "3.", 11, "bold"); p.text(64, y, "Purchaser's type of business. Check the number that best describes your business.", 9, "bold")
    types = ["Accommodation and food services", "Agriculture, forestry, fishing, hunting", "Construction", "Finance and insurance", "Information, publishing, communications", "Manufacturing", "Mining", "Real estate", "Rental and leasing", "Retail trade", "Transportation and warehousing", "Utilities", "Wholesale trade", "Business services", "Professional services", "Education and health-care services", "Nonprofit organization", "Government", "Not a business", "Other (explain)"]
    for i, t in enumerate(types):
        x, yy = 64 + 178 * (i // 7), y + 13 + 11.5 * (i % 7)
        p.check(x, yy, f"{i + 1:02}" == c["type_code"], 7.5); p.text(x + 11, yy, f"{i + 1:02}  {t}", 7.8)
    y += 106; p.text(40, y, "4.", 11, "bold"); p.text(64, y, "Reason for exemption. Check the letter that identifies the reason for the exemption.", 9, "bold")
    reasons = ["A  Federal government (Department)", "B  State or local government (Name)", "C  Tribal government (Name)", "D  Foreign diplomat #", "E  Charitable organization", "F  Religious organization", "G  Resale", "H  Agricultural production", "I  Industrial production/manufacturing", "J  Direct pay permit", "K  Direct mail", "L  Other (Explain)", "M  Educational organization"]
    for i, t in enumerate(reasons):
        x, yy = 64 + 262 * (i // 7), y + 13 + 11.5 * (i % 7)
        p.check(x, yy, t[0] == c["reason_code"], 7.5); p.text(x + 11, yy, t, 7.8)
    y += 106; p.text(40, y, "5.", 11, "bold"); p.text(64, y, "Identification (ID) number: Enter the ID number for each state in which you are claiming an exemption.", 9, "bold")
    numbers = dict(c["states"])
    for col in (0, 1):
        x = 64 + 262 * col
        p.text(x + 40, y + 13, "ID number", 7.5); p.text(x + 150, y + 13, "State/Country", 7.5); p.text(x + 208, y + 13, "Reason", 7.5)
        for i, st in enumerate(SST_STATES[col * 12:(col + 1) * 12]):
            yy = y + 26 + 13.6 * i
            p.text(x, yy, st, 9); p.rule(x + 22, yy + 2, x + 140); p.rule(x + 150, yy + 2, x + 196); p.rule(x + 208, yy + 2, x + 232)
            if st in numbers:
                p.fill(x + 28, yy, numbers[st], 10); p.fill(x + 160, yy, st, 10); p.fill(x + 215, yy, c["reason_code"], 10)
    y += 204; p.text(40, y, "6.", 11, "bold"); p.text(64, y, "I declare that the information on this certificate is correct and complete to the best of my knowledge and belief.", 9, "ital")
    p.under_field(64, y + 30, 230, "Signature of authorized purchaser"); sign(p, c, 80, y + 28, 120, 17); p.under_field(240, y + 30, 370, "Print name", c["person"]); p.under_field(380, y + 30, 470, "Title", c["title"]); p.under_field(480, y + 30, 572, "Date", us(c["date"]))
    p.text(40, 768, "SSTGB Form F0003    Exemption Certificate    (Revised 12/21/2021)", 8)
    return [p]


def va_st10(c):
    p, s = sheet(c), seller(c)
    p.text(40, 46, "Form ST-10", 9, "bold"); p.text(W / 2, 66, "COMMONWEALTH OF VIRGINIA", 12, "bold", "c"); p.text(W / 2, 82, "SALES AND USE TAX CERTIFICATE OF EXEMPTION", 12, "bold", "c")
    p.text(W / 2, 98, "For use by a Virginia dealer who purchases tangible personal property for resale", 9, align="c")
    p.line_field(40, 140, 400, "To:", s["name"]); p.line_field(410, 140, 572, "Date:", us(c["date"])); p.rule(40, 166, 572); p.fill(46, 163, f"{s['line1']}, {csz(s)}")
    p.check(44, 220, True); p.text(60, 220, "1. Tangible personal property for RESALE only.", 9.5)
    p.line_field(40, 300, 330, "Name of Dealer", c["name"]); p.line_field(340, 300, 572, "Account No.", c["number"]); p.line_field(40, 330, 572, "Address", f"{c['line1']}, {csz(c)}"); p.line_field(40, 360, 572, "Kind of business engaged in by dealer", c["business"])
    p.line_field(40, 420, 320, "By", ""); sign(p, c, 80, 418, 150); p.line_field(340, 420, 572, "Title", c["title"])
    return [p]


def il_letter(c):
    p = sheet(c)
    p.text(60, 66, "Illinois Department of Revenue", 13, "serifb"); p.text(60, 80, "Sales Tax Exemption Section", 9, "serif"); p.rule(60, 88, 552, w=1)
    p.text(552, 112, us(c["date"], True), 11, "serif", "r")
    p.text(60, 150, c["name"].upper(), 11, "serif"); p.text(60, 164, c["line1"].upper(), 11, "serif"); p.text(60, 178, f"{c['city']} {c['region']} {c['zip']}".upper(), 11, "serif")
    p.text(60, 222, "Re: Sales tax exemption of your organization", 11, "serifb")
    y = p.para(60, 252, 492, f"Based on the papers you sent us, we believe that {c['name']} of {c['city']}, Illinois is organized and operated exclusively for charitable purposes. Sales of any kind to this organization are therefore exempt from the Retailers' Occupation Tax, the Service Occupation Tax, the Use Tax and the Service Use Tax in Illinois.", 11, "serif", 1.35)
    y = p.para(60, y + 14, 492, "We have issued your organization the following tax exemption identification number. To claim the exemption, you must provide this number to your suppliers when purchasing tangible personal property for organizational use. It may not be used by individual members to buy for their own use.", 11, "serif", 1.35)
    p.rect(150, y + 8, 312, 76, 1); p.text(170, y + 30, "Tax exemption number:", 11, "serifb"); p.text(310, y + 30, c["number"], 12, "serifb"); p.text(170, y + 50, "Effective:", 11, "serif"); p.text(310, y + 50, us(c["effective"], True), 11, "serif"); p.text(170, y + 70, "Expires:", 11, "serif"); p.text(310, y + 70, us(c["expires"], True), 11, "serif")
    y = p.para(60, y + 116, 492, "Your organization will be sent a renewal notice before the number expires. If its name, address or purpose changes, please tell us in writing.", 11, "serif", 1.35)
    p.text(60, y + 26, "Sincerely,", 11, "serif"); sign(p, c, 70, y + 74, 130, 26); p.text(60, y + 94, "Exemption Section Manager", 11, "serif"); p.text(60, y + 108, "Illinois Department of Revenue", 11, "serif")
    return [p]


def invoice(c):
    p, s = sheet(c), SELLER
    p.text(40, 60, s["name"], 18, "bold"); p.text(40, 76, s["line1"], 9); p.text(40, 88, csz(s), 9); p.text(40, 100, "Phone (423) 555-0100   ar@blueheronsupply.example", 9); p.text(572, 60, "INVOICE", 22, "bold", "r")
    for i, (a, b) in enumerate((("Invoice no.", "88213"), ("Invoice date", us(c["date"])), ("Customer no.", c["code"]), ("Terms", "Net 30"), ("Due date", "11/28/2026"))):
        p.text(420, 84 + 14 * i, a, 9, "bold"); p.text(572, 84 + 14 * i, b, 9, align="r")
    p.text(40, 150, "Bill to", 10, "bold"); p.text(40, 166, c["name"], 10); p.text(40, 180, c["line1"], 10); p.text(40, 194, csz(c), 10)
    p.rect(40, 222, 532, 20, 0.8, 225)
    for x, t, a in ((46, "Item", "l"), (120, "Description", "l"), (390, "Qty", "r"), (470, "Unit price", "r"), (566, "Amount", "r")):
        p.text(x, 236, t, 9, "bold", a)
    rows = [("BH-4410", "Galvanized bucket, 12 qt", 24, 7.85), ("BH-2207", "Cotton twine, natural, 500 ft", 36, 4.10), ("BH-9018", "Canvas tool roll", 12, 18.40), ("BH-1173", "Beeswax polish, 8 oz", 48, 5.25), ("BH-3306", "Enamel mug, blue", 60, 6.15)]
    y, total = 262, 0
    for sku, d, q, u in rows:
        total += q * u
        p.text(46, y, sku, 9); p.text(120, y, d, 9); p.text(390, y, str(q), 9, align="r"); p.text(470, y, f"{u:.2f}", 9, align="r"); p.text(566, y, f"{q * u:,.2f}", 9, align="r"); y += 20
    p.rule(40, y, 572)
    for a, b in (("Subtotal", f"{total:,.2f}"), ("Sales tax (exempt)", "0.00"), ("Freight", "42.00"), ("Total due", f"{total + 42:,.2f}")):
        y += 18; p.text(470, y, a, 9.5, "bold", "r"); p.text(566, y, b, 9.5, "sans", "r")
    p.text(40, 640, "Please send your sales tax exemption certificate to ar@blueheronsupply.example if we do not have one on file.", 9); p.text(40, 656, "Thank you for your business.", 9)
    return [p]


# ------------------------------------------------------------------------------------------------------------- scanners
def skewed(img, degrees):
    return img.rotate(degrees, Image.BICUBIC, fillcolor=255 if img.mode == "L" else (255, 255, 255))


def office(img, seed, dpi=200, skew=None):
    """Gray picture of an office scanner: a little skew, blur, uneven paper and noise. Given as JPEG bytes."""
    rng = np.random.default_rng(seed)
    g = skewed(img.convert("L"), rng.uniform(-0.7, 0.7) if skew is None else skew).filter(ImageFilter.GaussianBlur(0.55))
    a = np.asarray(g, dtype=np.float32)
    h, w = a.shape
    paper = 252 - 5 * np.linspace(0, 1, w)[None, :] * rng.uniform(0.2, 1) - 4 * np.linspace(0, 1, h)[:, None] * rng.uniform(0, 1)
    a = paper - (255 - a) * 0.9 + rng.normal(0, 1.6, a.shape)
    for _ in range(int(rng.integers(6, 16))):  # specks of dust
        x, y = int(rng.integers(4, w - 4)), int(rng.integers(4, h - 4))
        a[y:y + int(rng.integers(1, 4)), x:x + int(rng.integers(1, 4))] = rng.uniform(60, 150)
    return Image.fromarray(np.clip(a, 0, 255).astype(np.uint8), "L")


def bilevel(img, seed, skew=None, threshold=150):
    """Black and white, as office copiers send it."""
    rng = np.random.default_rng(seed)
    g = skewed(img.convert("L"), rng.uniform(-0.5, 0.5) if skew is None else skew).filter(ImageFilter.GaussianBlur(0.6))
    a = np.asarray(g, dtype=np.float32) + rng.normal(0, 14, (g.height, g.width))
    out = a > threshold
    for _ in range(40):
        x, y = int(rng.integers(4, g.width - 4)), int(rng.integers(4, g.height - 4))
        out[y:y + int(rng.integers(1, 4)), x:x + int(rng.integers(1, 3))] = False
    return Image.fromarray((out * 255).astype(np.uint8), "L").point(lambda v: 255 if v > 127 else 0, "1")


def fax(page, seed, header):
    """A received fax: coarse lines, a header printed by the machine, broken strokes and a few lost lines."""
    rng = np.random.default_rng(seed)
    g = skewed(page.image(204).convert("L"), 0.35)
    small = g.resize((g.width, round(g.height * 132 / 204)), Image.BOX)
    a = np.asarray(small, dtype=np.float32) + rng.normal(0, 26, (small.height, small.width))
    out = a > 142
    for _ in range(5):
        y = int(rng.integers(40, small.height - 40))
        x = int(rng.integers(0, small.width - 500))
        out[y, x:x + int(rng.integers(150, 480))] = True
    big = Image.fromarray((out * 255).astype(np.uint8), "L").resize(g.size, Image.NEAREST)
    d = ImageDraw.Draw(big)
    d.rectangle([0, 0, big.width, 44], fill=255)
    d.text((60, 34), header, font=font("mono", 26), fill=0, anchor="ls")
    return big.point(lambda v: 255 if v > 127 else 0, "1")


def phone(page, seed, size=(1500, 1960), turn=1.0):
    """A photo of the paper on a desk: perspective, a shadow, uneven light and noise."""
    rng = np.random.default_rng(seed)
    w, h = size
    src = page.image(175)
    corners = np.array([(0.07, 0.055), (0.945, 0.03), (0.975, 0.955), (0.035, 0.975)]) * (w, h) + rng.uniform(-12, 12, (4, 2)) * turn
    rect = [(0, 0), (src.width, 0), (src.width, src.height), (0, src.height)]
    rows, rhs = [], []
    for (x, y), (u, v) in zip(corners, rect):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        rhs += [u, v]
    coeffs = np.linalg.solve(np.array(rows), np.array(rhs))
    coeffs = [float(f"{v:.9g}") for v in coeffs]
    paper = src.transform(size, Image.PERSPECTIVE, coeffs, Image.BICUBIC)
    mask = Image.new("L", src.size, 255).transform(size, Image.PERSPECTIVE, coeffs, Image.BILINEAR)
    xx, yy = np.meshgrid(np.linspace(0, 1, w), np.linspace(0, 1, h))
    grain = np.sin(xx * 34 + 1.6 * np.sin(yy * 5)) * 5 + np.sin(xx * 90 + yy * 3) * 2
    desk = np.stack([112 + grain, 82 + grain * 0.9, 58 + grain * 0.7], -1)
    m = np.asarray(mask, dtype=np.float32)[..., None] / 255
    sheet_ = np.asarray(paper, dtype=np.float32) * np.array([0.955, 0.945, 0.905])
    a = sheet_ * m + desk * (1 - m)
    light = 1.0 - 0.20 * yy - 0.10 * (1 - xx)
    edge = 1 / (1 + np.exp(-(xx * 0.95 + yy * 0.55 - 1.20) * 16))  # the shadow of the hand that holds the phone
    a *= (light * (1 - 0.30 * edge))[..., None]
    img = Image.fromarray(np.clip(a, 0, 255).astype(np.uint8), "RGB").filter(ImageFilter.GaussianBlur(0.6))
    a = np.asarray(img, dtype=np.float32) + rng.normal(0, 3.0, (h, w, 1)) + rng.normal(0, 1.2, (h, w, 3))
    return Image.fromarray(np.clip(a, 0, 255).astype(np.uint8), "RGB")


def jpeg(img, quality=70, dpi=200):
    b = io.BytesIO()
    img.save(b, "JPEG", quality=quality, optimize=True, dpi=(dpi, dpi))
    return b.getvalue()


def ccitt(img):
    """One Group 4 strip of a black and white picture."""
    b = io.BytesIO()
    img.save(b, "TIFF", compression="group4", tiffinfo={278: img.height})
    t = Image.open(io.BytesIO(b.getvalue()))
    (offset,), (count,) = t.tag_v2[273], t.tag_v2[279]
    return b.getvalue()[offset:offset + count], t.tag_v2[262] == 0


def scan_pdf(images, producer="Office Copier 4.2", dpi=200):
    """A PDF whose pages hold nothing but a picture, as a scanner writes it. Pictures first, page tree last."""
    objects, kids = [], []
    n_first_page = 1 + len(images)
    for img in images:
        if img.mode == "1":
            data, white_is_zero = ccitt(img)
            extra = f"/BitsPerComponent 1 /ColorSpace /DeviceGray /Filter /CCITTFaxDecode /DecodeParms << /K -1 /Columns {img.width} /Rows {img.height}{'' if white_is_zero else ' /BlackIs1 true'} >>"
        else:
            data, extra = jpeg(img, dpi=dpi), "/BitsPerComponent 8 /ColorSpace " + ("/DeviceGray" if img.mode == "L" else "/DeviceRGB") + " /Filter /DCTDecode"
        objects.append(f"<< /Type /XObject /Subtype /Image /Width {img.width} /Height {img.height} {extra} /Length {len(data)} >>\nstream\n".encode() + data + b"\nendstream")
    tree = n_first_page + 2 * len(images)
    for i, img in enumerate(images):
        pw, ph = img.width * 72 / dpi, img.height * 72 / dpi
        page, content = n_first_page + 2 * i, n_first_page + 2 * i + 1
        kids.append(page)
        objects.append(f"<< /Type /Page /Parent {tree} 0 R /MediaBox [0 0 {pw:.2f} {ph:.2f}] /Contents {content} 0 R /Resources << /XObject << /Im0 {i + 1} 0 R >> >> >>".encode())
        ops = f"q {pw:.2f} 0 0 {ph:.2f} 0 0 cm /Im0 Do Q".encode()
        objects.append(f"<< /Length {len(ops)} >>\nstream\n".encode() + ops + b"\nendstream")
    objects.append(f"<< /Type /Pages /Count {len(kids)} /Kids [{' '.join(f'{k} 0 R' for k in kids)}] >>".encode())
    objects.append(f"<< /Type /Catalog /Pages {tree} 0 R >>".encode())
    objects.append(f"<< /Producer ({producer}) /CreationDate (D:20261116090000Z) >>".encode())
    out, offsets = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n", []
    for i, o in enumerate(objects):
        offsets.append(len(out))
        out += f"{i + 1} 0 obj\n".encode() + o + b"\nendobj\n"
    start = len(out)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode() + b"".join(f"{o:010} 00000 n \n".encode() for o in offsets)
    return out + f"trailer\n<< /Size {len(objects) + 1} /Root {tree + 1} 0 R /Info {tree + 2} 0 R >>\nstartxref\n{start}\n%%EOF\n".encode()


def text_pdf(pages, title):
    b = io.BytesIO()
    c = rl_canvas.Canvas(b, pagesize=(W, H), invariant=1, pageCompression=1)
    c.setTitle(title)
    for p in pages:
        p.onto(c)
    c.save()
    return b.getvalue()


def tiff_g4(images):
    b = io.BytesIO()
    images[0].save(b, "TIFF", save_all=True, append_images=images[1:], compression="group4", dpi=(200, 200))
    return b.getvalue()


# ------------------------------------------------------------------------------------------------------------ customers
HEADER = ["Customer Number", "Customer Name", "Contact Person", "Address 1", "Address 2", "City", "State", "Zip", "Country", "Phone 1", "E-Mail", "Customer Class", "Tax Exempt", "Resale No.", "Inactive", "Balance"]
AREA = {"TX": 512, "CA": 916, "NY": 518, "FL": 813, "PA": 570, "OH": 614, "WA": 206, "IL": 312, "NJ": 973, "MN": 612, "AZ": 520, "VA": 757, "TN": 423, "GA": 404, "NC": 919, "KY": 502, "MI": 616, "WI": 608, "MO": 314, "CO": 303, "OR": 503, "ON": 416, "IN": 317, "IA": 515, "AL": 205, "LA": 504}

# What the certificates say of their purchasers; the customer list below takes code, name and address from here unless it differs.
BUYERS = {
    "cedar": dict(code="C1003", name="Cedar Hollow Outfitters LLC", line1="1418 Barton Mill Road", city="Austin", region="TX", zip="78704", phone="(512) 555-0114", number="32058841279", person="Dana Whitlow", title="Owner", business="Camping and outdoor retail store", items="Camp cookware, lanterns, tarps for resale", seed=11),
    "marigold": dict(code="C1007", name="Marigold Kitchen Supply Inc.", line1="905 Alhambra Court", city="Sacramento", region="CA", zip="95816", phone="(916) 555-0127", number="102-448731", person="Rosa Delgado", title="President", business="Kitchen utensils and table ware", items="Kitchen utensils, enamel mugs, buckets", seed=12),
    "hudson": dict(code="C1012", name="Hudson Lantern Works, Inc.", line1="77 Quayside Street", city="Albany", region="NY", zip="12207", phone="(518) 555-0133", number="26-8841903", person="Peter Vandermeer", title="Vice President", business="retail lighting", items="lanterns and lamps", seed=13),
    "coral": dict(code="C1015", name="Coral Key Marine Supply", line1="2301 Channelside Walk", city="Tampa", region="FL", zip="33602", phone="(813) 555-0141", number="39-8014456723-1", person="Luis Ferrer", title="Manager", business="Marine supply", items="", seed=14),
    "keystone": dict(code="C1018", name="Keystone Ridge Hardware Co.", line1="640 Lackawanna Trail", city="Scranton", region="PA", zip="18503", phone="(570) 555-0119", number="40718263", person="Walter Novak", title="Owner", business="Hardware", items="", seed=15),
    "buckeye": dict(code="C1021", name="Buckeye Trail Sporting Goods", line1="3320 Olentangy Mill Road", city="Columbus", region="OH", zip="43214", phone="(614) 555-0152", number="25-417733", person="Karen Oswald", title="Buyer", business="Retail sporting goods", items="", reason_text="Resale - goods will be sold in our store", seed=16),
    "puget": dict(code="C1024", name="Puget Lantern & Rope LLC", line1="1519 Ballard Wharf Way", city="Seattle", region="WA", zip="98107", phone="(206) 555-0160", number="A27 5513 28", person="Ingrid Solberg", title="Member", business="Marine chandlery, retail", items="", effective="2024-03-01", expires="2028-02-29", seed=17),
    "prairie": dict(code="C1027", name="Prairie Star Party Rentals", line1="2840 W Fullerton Row", city="Chicago", region="IL", zip="60647", phone="(312) 555-0171", number="4417-2086", person="Monique Harris", title="Owner", business="Party goods", items="Table ware and lanterns for resale", seed=18),
    "passaic": dict(code="C1030", name="Passaic Valley Uniform Co.", line1="31 Ferry Yard Lane", city="Newark", region="NJ", zip="07102", phone="(973) 555-0182", number="222-481-907/000", person="Anthony Russo", title="President", business="Uniform store", items="Work clothes", items2="Canvas aprons and gloves", seed=19),
    "loneoak": dict(code="C1033", name="Lone Oak Feed & Ranch Supply", line1="8800 Caprock Farm Road", city="Lubbock", region="TX", zip="79424", phone="(806) 555-0108", number="17442960381", person="J. T. Calloway", title="Partner", business="Feed and ranch supply store", items="Buckets, twine, canvas tarps", seed=20),
    "bluebonnet": dict(code="B/2041", name="Bluebonnet Gift Gallery", line1="214 Pecan Arcade", city="San Antonio", region="TX", zip="78205", phone="(210) 555-0195", number="32071190465", person="Elena Marsh", title="Owner", business="Gift shop", items="Enamel mugs, candles, table linen", seed=21),
    "sierra": dict(code="C1036", name="Sierra Foothill Cycles", line1="418 Gold Flume Road", city="Grass Valley", region="CA", zip="95945", phone="(530) 555-0111", number="101-839204", person="Neil Okafor", title="Owner", business="Bicycles and cycling accessories", items="Bicycle bags, tools and lubricants", seed=22),
    "lakes": dict(code="KLN 300", name="Great Lakes Fastener & Supply", line1="1190 Maumee Canal Drive", city="Toledo", region="OH", zip="43604", phone="(419) 555-0124", number="48-220914", person="Gerald Pruitt", title="Controller", business="Wholesale fasteners and tools", items="Hand tools, twine, fasteners", states=[("OH", "48-220914"), ("IL", "5530-1174"), ("PA", "80417725"), ("TX", "31996204478"), ("CA", "N/A"), ("FL", "N/A"), ("NJ", "N/A")], seed=23),
    "northgate": dict(code="00417", name="Northgate Dental Supply", line1="725 Stinson Foundry Avenue", city="Minneapolis", region="MN", zip="55413", phone="(612) 555-0138", number="4820517", person="Sigrid Hagen", title="CFO", states=[("MN", "4820517"), ("IN", "0114427719-001"), ("NE", "01-4418826")], type_code="13", reason_code="G", seed=24),
    "lakeside": dict(code="C1046", name="Lakeside Awards & Trophy", line1="56 Onondaga Mill Street", city="Syracuse", region="NY", zip="13202", phone="(315) 555-0149", number="16-5520378", person="Frank Delaney", title="Owner", business="retail awards", items="trophies and plaques", seed=25),
    "saguaro": dict(code="C1049", name="Saguaro Pool & Patio", line1="3475 E Ironwood Wash Road", city="Tucson", region="AZ", zip="85716", phone="(520) 555-0156", number="21448907", person="Miguel Arroyo", title="Manager", business="Retail sale of patio furniture and pool goods", items="Canvas, rope, buckets and patio lanterns", effective="2024-07-01", expires="2025-06-30", seed=26),
    "harborview": dict(code="C1053", name="Harborview Hotel Supply Co.", line1="6120 Lake Underhill Terrace", city="Orlando", region="FL", zip="32807", phone="(407) 555-0163", number="58-8027715094-6", person="Grace Holloway", title="Manager", business="Hotel supply", items="", seed=27),
    "pantry": dict(code="C1055", name="Prairie Harvest Food Pantry", line1="1602 SW Distillery Row", city="Peoria", region="IL", zip="61602", phone="(309) 555-0170", number="E-9934-1207", effective="2024-05-01", expires="2029-05-01", seed=28),
    "mesquite": dict(code="C1058", name="Mesquite Flats Saddlery", line1="910 Palo Duro Spur", city="Amarillo", region="TX", zip="79101", phone="(806) 555-0177", number="3204471985", person="Wade Cotter", title="Owner", business="Saddles and tack", items="Leather care, canvas and twine", seed=29),
    "copper": dict(code="C1060", name="Copper Kettle Restaurant Equipment", line1="288 Chambersburg Row", city="Trenton", region="NJ", zip="08611", phone="(609) 555-0184", number="227-160-448/000", person="Vincent Moretti", title="Owner", business="Restaurant equipment", items="Kitchen equipment", items2="Buckets, aprons, utensils", seller={"name": "Granite State Wholesale Inc.", "line1": "19 Quarry Hill Road", "city": "Concord", "region": "NH", "zip": "03301"}, seed=30),
    "tidewater": dict(code="C1062", name="Tidewater Nautical Instruments", line1="1407 Elizabeth Ferry Lane", city="Norfolk", region="VA", zip="23510", phone="(757) 555-0191", number="103846275501001", person="Ruth Pettigrew", title="Owner", business="Nautical instruments", items="", seed=31),
    "pecan": dict(code="C1064", name="Pecan Fork Independent School District", line1="2100 School House Road", city="Waco", region="TX", zip="76701", phone="(254) 555-0103", number=None, person="", title="Purchasing Agent", items="Art room and kitchen supplies", reason_text="Public school district (educational organization)", seed=32),
    "allegheny": dict(code="C1067", name="Allegheny Tool Crib LLC", line1="84 Strip Foundry Street", city="Pittsburgh", region="PA", zip="15222", phone="(412) 555-0116", number="61590347", person="Thomas Kubiak", title="Member", business="Tools", items="", seed=33),
    "cuyahoga": dict(code="C1070", name="Cuyahoga Janitorial Supply", line1="4415 Slavic Mill Avenue", city="Cleveland", region="OH", zip="44105", phone="(216) 555-0129", number="18-903562", person="Denise Warner", title="Office Manager", business="Janitorial supply", items="", reason_text="Resale in the regular course of business", seed=34),
    "redwood": dict(code="WEST#12", name="Redwood Coast Embroidery LLC", line1="2210 Myrtle Grove Avenue", city="Eureka", region="CA", zip="95501", phone="(707) 555-0136", number="100-562817", person="Holly Tran", title="Owner", business="Embroidered clothing", items="Canvas bags and aprons", seed=35),
    "foxriver": dict(code=None, name="Fox River Candle Company", line1="73 Stolp Island Place", city="Aurora", region="IL", zip="60505", phone="(630) 555-0143", number="4093-7718", person="Amy Lindqvist", title="Owner", business="Candles", items="Candle tins, twine and beeswax", seed=36),
}
CONTACTS = ["Alice Brandt", "Omar Haddad", "Priya Raman", "Chuck Lindgren", "M. Okonkwo", "Sue Ellen Pratt", "Accounts Payable", "Hank Dufresne", "Lori Petrov", "Tess Abernathy", "Joe", "B. Castellanos", "Wanda Kirk"]
_n = [0]


def row(code, name, line1, city, state, zip_, flag="", resale="", email=None, contact="", line2="", country="US", cls="RETAIL", inactive="N", balance=None, phone=None, area=None, why=(), active_exempt=None):
    """One line of the customer list. `why` names what is odd about it; flag is the ERP's own wording."""
    _n[0] += 1
    slug = re.sub(r"[^a-z0-9]", "", name.lower().replace("llc", "").replace("inc.", ""))[:28]
    if email is None:
        email = ("ap@" if _n[0] % 3 else "accounts@") + slug + ".example"
    if phone is None:
        phone = f"({area or AREA.get(state, 423)}) 555-01{(_n[0] * 37 + 11) % 100:02}"
    if balance is None:
        balance = round((_n[0] ** 3 * 7919 % 611953) / 100, 2) if _n[0] % 5 else 0
    if not contact and _n[0] % 3 == 1:
        contact = CONTACTS[_n[0] // 3 % len(CONTACTS)]
    exempt = flag is True or str(flag).strip().upper() in ("Y", "YES", "TRUE", "EXEMPT", "X")
    return dict(cells=[code, name, contact, line1, line2, city, state, zip_, country, phone, email, cls, flag, resale, inactive, balance], why=list(why), exempt=exempt, inactive=inactive == "Y", code=code)


def buyer_row(key, flag, resale=False, why=(), **over):
    b = BUYERS[key]
    a = dict(name=b["name"], line1=b["line1"], city=b["city"], state=b["region"], zip_=b["zip"])
    a.update({k: over.pop(k) for k in list(over) if k in a})
    return row(b["code"], a["name"], a["line1"], a["city"], a["state"], a["zip_"], flag, b["number"] if resale else "", phone=b["phone"], contact=b.get("person", ""), why=why, **over)


def customers():
    r = [
        row("C1001", "Adobe Sky Interiors", "1840 Mesa Verde Way", "Phoenix", "AZ", "85004", "N", area=602, line2="Suite 110"),
        row("C1002", "Ashford Garden Center", "77 Peachtree Hollow Road", "Atlanta", "GA", "30309", ""),
        buyer_row("cedar", "Y", True),
        row("C1004", "Cedar Hill Outfitters", "2206 Trinity Bluff Street", "Dallas", "TX", 75208, "N", area=214, why=["name close to C1003"]),
        row("C1005", "Bayou Lamp & Shade", "512 Chartres Loop", "New Orleans", "LA", "70130", "No"),
        row("C1006", "Birchwood Cabinet & Millwork", "3301 Plainfield Mill Road", "Grand Rapids", "MI", "49525", "No", "ME-0481573", why=["not exempt by its flag, yet it has a resale number"]),
        buyer_row("marigold", "Yes", state="Calif.", email="", why=["state misspelled: Calif.", "exempt without e-mail"]),
        row("C1008", "Blue Ridge Apothecary", "9 Biltmore Orchard Lane", "Asheville", "NC", "28801", "N"),
        row("C1009", "Brightwater Day Camp", "6400 Shoreline Spur", "Madison", "WI", "53703", ""),
        row("C1010", "Cactus Wren Cafe", "118 Congress Portal", "Tucson", "AZ", 85701, "N"),
        row("C1011", "Canal Street Coffee Roasters", "240 Erie Basin Street", "Syracuse", "NY", "13204", "No"),
        buyer_row("hudson", "TRUE", False),
        row("C1013", "Hudson Valley Lighting Outlet", "1 Quayside Street", "Albany", "NY", "12207", "N", why=["name close to C1012"]),
        row("C1014", "Cardinal Craft Brewing", "815 Gravois Yard", "St. Louis", "MO", "63118", ""),
        buyer_row("coral", "X", True, name="CORAL KEY MARINE SUPPLY"),
        row("C1016", "Carolina Pine Furniture", "4100 Furniture Mart Drive", "Raleigh", "NC", "27603", "N"),
        row("C1017", "Chapel Hill Toy Box", "36 Franklin Mews", "Chapel Hill", "NC", 27514, "No"),
        buyer_row("keystone", "Exempt", True, state="Pennsylvania", why=["state written in full"]),
        row("C1019", "Cumberland Fly Shop", "700 Broadway Landing", "Nashville", "Tennesee", "37203", "N", area=615, why=["state misspelled: Tennesee"]),
        row("C1020", "Desert Bloom Nursery", "5050 N Oracle Wash", "Tucson", "AZ", "85704", ""),
        buyer_row("buckeye", "Y", True, line1="PO Box 1187", zip_="43216", why=["mailing address is a PO box; the certificate shows the street", "appears twice, exactly alike"]),
        row("C1022", "Driftless Cheese Market", "212 Viroqua Ridge", "Madison", "WI", "53711", "N"),
        row("C1023", "DOGWOOD HOME STAGING", "88 Marietta Arch", "Atlanta", "GA", 30303, "N"),
        buyer_row("puget", "Yes", True),
        row("C1025", "Eastlake Veterinary Clinic", "2020 Fairview Dock", "Seattle", "WA", "98102", "No"),
        row("C1026", "Evergreen Bow & Paddle", "313 Commencement Bay Road", "Tacoma", "WA", "98402", "Y", "", area=253, email="", why=["exempt without e-mail"]),
        buyer_row("prairie", "Y", False, zip_=60647, name="Prairie Star Party Rentals ", why=["trailing blank in the name"]),
        row("C1028", "Prairie Star Events", "1711 N Western Row", "Chicago", "IL", 60622, "", why=["name close to C1027"]),
        row("C1029", "Fireweed Bakery", "41 Alder Slope", "Portland", "OR", "97209", "N", line2="Dock 3"),
        buyer_row("passaic", "X", False, zip_=7102, why=["ZIP is a number and lost its leading zero"]),
        row("C1031", "Four Corners Trading", "660 San Juan Mesa", "Denver", "CO", "80205", "No", line2="Unit B"),
        row("C1032", "Foxglove Florist", "14 Bluegrass Row", "Louisville", "KY", "40202", ""),
        buyer_row("loneoak", "Y", True, area=806),
        row("C1034", "Lone Oak Ranch Market", "12 Caprock Farm Road", "Lubbock", "TX", "79424", "N", area=806, why=["name close to C1033"]),
        row("C1035", "Galena Stoneworks", "903 Mineral Gap Road", "Rockford", "IL", "61101", "N", area=815),
        buyer_row("bluebonnet", "Yes", False, why=["slash in the code"]),
        buyer_row("sierra", "Y", True, state="ca", why=["state in lower case"]),
        row("C1037", "Gateway Arch Souvenirs", "50 Laclede Landing", "St. Louis", "MO", 63102, "N"),
        row("C1038", "Golden Spike Rail Models", "1869 Promontory Drive", "Denver", "CO", "80216", ""),
        buyer_row("redwood", "Y", True, why=["# in the code", "same address as C1040"]),
        row("C1040", "Redwood Coast Apparel LLC", "2210 Myrtle Grove Avenue", "Eureka", "CA", "95501", "Yes", "100-733164", area=707, why=["same address as WEST#12"]),
        row("C1041", "Granite Falls Outdoor Club", "17 Pilchuck Way", "Seattle", "WA", "98115", "No"),
        buyer_row("lakes", "Exempt", True, why=["blank in the code"], cls="WHOLESALE"),
        row("C1042", "Hearth & Hound Pet Supply", "3900 Brookside Run", "Indianapolis", "IN", "46220", "N"),
        buyer_row("northgate", "Y", True, why=["leading zeros in the code"], cls="WHOLESALE"),
        row("C1044", "Hickory Grove Church of the Brethren", "501 Old Cider Road", "Columbus", "OH", "43215", "Y", "", email="office-at-hickorygrove.example", cls="NONPROFIT", why=["e-mail is not valid"]),
        row("C1045", "Ironwood Gym & Fitness", "2750 S Kolb Wash", "Tucson", "AZ", "85710", ""),
        buyer_row("lakeside", "Y", False),
        row("C1047", "Juniper & Sage Soap Co.", "808 Santa Fe Yard", "Denver", "CO", "80204", "N"),
        row("C1048", "Kettle Moraine Orchard", "W2250 Glacial Drive", "Madison", "WI", "53704", "No"),
        buyer_row("saguaro", "X", True),
        row("C1050", "Lantern Hill Bed & Breakfast", "66 Vulcan View", "Birmingham", "AL", "35205", "N"),
        row("C1051", "Little Wren Montessori School", "1255 Grand Oak Terrace", "Des Moines", "IA", "50312", "Yes", "", email="", cls="NONPROFIT", why=["exempt without e-mail"]),
        row("C1052", "Harborview Hotel Supply Co.", "415 Cass Harbor Street", "Tampa", "FL", "33602", "Y", "39-8019920457-2", why=["same name as C1053 (main office)"], cls="WHOLESALE"),
        buyer_row("harborview", "Y", True, why=["same name as C1052 (branch)"], cls="WHOLESALE"),
        row("C1054", "Magnolia Row Antiques", "220 Jackson Gallery", "New Orleans", "LA", "70115", "N"),
        buyer_row("pantry", "Exempt", False, cls="NONPROFIT"),
        row("C1056", "MAPLE LEAF PAPER GOODS LTD", "180 Liberty Wharf", "Toronto", "ON", "M6K 3P6", "", country="Canada", why=["Canadian customer"]),
        row("C1057", "Meadowlark Music Shop", "1414 Ingersoll Way", "Des Moines", "IA", 50309, "N", line2="2nd Floor", country="USA"),
        buyer_row("mesquite", "Y", True),
        row("C1059", "Milwaukee Street Deli", "35 Capitol Square North", "Madison", "WI", "53703", ""),
        buyer_row("copper", "Yes", False, zip_=8611, why=["ZIP is a number and lost its leading zero"]),
        row("C1061", "Mockingbird Books", "4002 Guadalupe Bend", "Austin", "TX", "78751", "N"),
        buyer_row("tidewater", "Y", False),
        row("C1063", "Muddy River Kayaks", "1 Landing Stage Road", "Louisville", "KY", "40206", "No"),
        buyer_row("pecan", "Exempt", False, email="", cls="GOVT", why=["exempt without e-mail"]),
        row("C1065", "Old Mill Pottery & Glass", "", "Richmond", "VA", "23220", "Y", area=804, why=["address line is missing"]),
        row("C1066", "Tamarack Tool & Die", "640 Monroe Works", "Grand Rapids", "MI", "49503", "N", why=["code used twice with different content"]),
        buyer_row("allegheny", "Y", True),
        row("C1066", "Tamarack Tool and Die of Holland", "2200 Windmill Park Drive", "Holland", "MI", "49423", "N", why=["code used twice with different content"]),
        row("C1068", "Paper Crane Stationers", "19 Nob Steps", "San Francisco", "CA", "94108", "N", area=415),
        row("C1069", "Pike Place Linen", "88 Post Alley North", "Seattle", "WA", 98101, "No"),
        buyer_row("cuyahoga", "TRUE", True),
        row("C1071", "Quarry Lake Swim Club", "700 Limestone Walk", "Columbus", "OH", "43212", ""),
        row("C1072", "Rivertown Brew Supply", "1300 Ohio Levee Road", "Louisville", "KY", "40204", "Yes", "", email="", cls="WHOLESALE", why=["exempt without e-mail"]),
        row("", "Sandhill Crane Nursery", "415 Platte View", "Lincoln", "NE", "68508", "Y", area=402, why=["no code"]),
        row("C1074", "Silver Birch Spa", "24 Nicollet Gate", "Minneapolis", "MN", 55403, "N"),
        row("C1075", "St. Alban's Parish Kitchen", "1919 Liberty Hill Street", "Cincinnati", "OH", "45202", "X", "", cls="NONPROFIT", area=513),
        row("C1076", "Stonebridge Kitchen & Bath", "3 Mercer Crossing", "Trenton", "NJ", "08608", "N", area=609),
        row("C1077", "Sunny Isle Beach Rentals", "8 Gulf Terrace", "Tampa", "FL", "33606", "Y", "39-8011120348-7", inactive="Y", why=["inactive"]),
        row("C1078", "Sweetgrass Basket Company", "44 Edisto Oak Lane", "Atlanta", "GA", "30312", "Exempt", "", cls="WHOLESALE"),
        row("C1079", "Tallgrass Western Wear", "77 Flint Hills Road", "San Antonio", "TX", "78207", "Y", "32049918267", area=210, line2="Suite 4"),
        buyer_row("buckeye", "Y", True, line1="PO Box 1187", zip_="43216", why=["exact copy of an earlier row"]),
        row("C1080", "Town of Alder Creek, Parks Dept.", "1 Village Green", "Albany", "NY", "12205", "Exempt", "", cls="GOVT", email="clerk@aldercreek.example"),
        row("C1081", "Twin Rivers Upholstery", "950 Confluence Street", "Pittsburgh", "PA", "15212", "N", area=412),
        row("C1082", "Upstate Maple & Honey", "12 Sugarbush Road", "Syracuse", "NY", "13210", "N", area=315),
        row("C1083", "Wagon Wheel Diner", "2600 Route 66 Spur", "St. Louis", "MO", "63109", "", inactive="Y", why=["inactive"]),
        row("C1084", "Wild Plum Quilts", "303 Dubuque Green", "Des Moines", "IA", "50315", True, "", country="USA", why=["flag is a true/false cell"]),
        row("C1085", "Windward Sail Loft", "1010 Harbor Isle Way", "Tampa", "FL", "33611", "N"),
        row("C1086", "Yellow Barn Community Theatre", "640 Grange Hall Road", "Indianapolis", "IN", "46202", "N"),
    ]
    twin, copy = [x for x in r if x["code"] == "C1021"]
    copy["cells"] = list(twin["cells"])
    return r


NOTES = [
    ["Notes on this list"],
    [],
    ["Printed by", "R. Castellano, Accounts Receivable"],
    ["Printed on", "11/18/2026"],
    ["Tax Exempt", "Typed by hand; Y, Yes, X, TRUE and Exempt all mean that we charge no sales tax."],
    ["Resale No.", "As the customer gave it to us. Not checked against the certificate."],
    ["Inactive = Y", "Closed accounts. Do not mail."],
    ["Certificates", "Scans are in the folder 'certificates'. The Orlando office sends its own."],
]


def write_customers(rows):
    wb = openpyxl.Workbook()
    ws = wb.active
    ws.title = "Customers"
    ws["A1"] = f"{SELLER['name']} - Customer List"
    ws["A1"].font = Font(bold=True, size=14)
    for i, h in enumerate(HEADER, 1):
        cell = ws.cell(3, i, h)
        cell.font, cell.fill = Font(bold=True), PatternFill("solid", fgColor="DDE6EE")
    for n, r in enumerate(rows, 4):
        for i, v in enumerate(r["cells"], 1):
            if v == "" or v is None:
                continue
            cell = ws.cell(n, i, v)
            if i in (1, 8, 14) and isinstance(v, str):
                cell.number_format = "@"
            if i == 16:
                cell.number_format = "#,##0.00"
    last = len(rows) + 5
    ws.cell(last, 1, f"Total: {len(rows)} customers").font = Font(bold=True)
    ws.cell(last, 16, round(sum(r["cells"][15] for r in rows), 2)).number_format = "#,##0.00"
    for i, w in enumerate((16, 38, 20, 30, 12, 16, 13, 10, 10, 16, 40, 14, 11, 18, 9, 12), 1):
        ws.column_dimensions[openpyxl.utils.get_column_letter(i)].width = w
    ws.freeze_panes = "A4"
    notes = wb.create_sheet("Notes")
    for line in NOTES:
        notes.append(line)
    notes.column_dimensions["A"].width, notes.column_dimensions["B"].width = 20, 90
    wb.properties.creator = wb.properties.lastModifiedBy = SELLER["name"]
    wb.properties.created = datetime.datetime(2026, 11, 18, 9, 0, 0)
    b = io.BytesIO()
    wb.save(b)
    # The library stamps the time of saving into the archive; a fixed one keeps the bytes the same from run to run.
    path = os.path.join(HERE, "customers.xlsx")
    with zipfile.ZipFile(io.BytesIO(b.getvalue())) as src, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as dst:
        for info in src.infolist():
            data = src.read(info.filename)
            if info.filename == "docProps/core.xml":
                data = re.sub(rb"(<dcterms:modified[^>]*>)[^<]*", rb"\g<1>2026-11-18T09:00:00Z", data)
            z = zipfile.ZipInfo(info.filename, (2026, 11, 18, 9, 0, 0))
            z.compress_type, z.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            dst.writestr(z, data)


def customers_truth(rows):
    seen, total, exempt, merged, conflicts, inactive = {}, [], [], [], [], []
    without_code = [r for r in rows if not r["code"]]
    for i, r in enumerate(rows):
        code, line = r["code"], i + 4
        if not code:
            continue
        if code in seen:
            (merged if seen[code]["cells"] == r["cells"] else conflicts).append({"code": code, "sheet_row": line})
            continue
        seen[code] = r
        if r["inactive"]:
            inactive.append({"code": code, "sheet_row": line, "exempt": r["exempt"]})
            continue
        total.append(code)
        if r["exempt"]:
            exempt.append(code)
    at = lambda word: [r["code"] for r in rows if any(word in w for w in r["why"]) and not r["inactive"]]
    return {
        "total": len(total) + len(without_code), "exempt": len(exempt) + sum(bool(r["exempt"]) for r in without_code), "with_code": len(total), "seller": SELLER["name"], "exempt_codes": exempt,
        "counting": "total is the number of customers on active rows: the distinct codes (with_code), and the rows that name a customer but lack its code, which count and can't be sent; exempt_codes can list only those with a code. Inactive customers are left out and listed apart. An exact copy of a row counts once. A code on two differing rows counts once and is a conflict for a person. The foot line 'Total: N customers' is no row and counts copies and rejected rows too.",
        "sheet": "Customers", "header_row": 3, "first_row": 4, "last_row": len(rows) + 3, "rows": len(rows), "total_line_row": len(rows) + 5,
        "inactive": inactive, "merged": merged, "conflicting_codes": [{"code": c["code"], "sheet_rows": [i + 4 for i, r in enumerate(rows) if r["code"] == c["code"]]} for c in conflicts],
        "rows_rejected": [{"sheet_row": i + 4, "name": r["cells"][1], "why": "no customer code"} for i, r in enumerate(rows) if not r["code"]],
        "contradictions": [{"code": c, "why": "Tax Exempt says no, but Resale No. is filled"} for c in at("not exempt by its flag")],
        "missing_address_line": at("address line is missing"), "missing_email_exempt": at("exempt without e-mail"), "invalid_email": at("e-mail is not valid"),
        "postal_code_lost_zero": {r["code"]: f"{r['cells'][7]:05}" for r in rows if isinstance(r["cells"][7], int) and r["cells"][7] < 10000},
        "state_repairs": {r["code"]: {"as_written": r["cells"][6], "means": {"Calif.": "CA", "Pennsylvania": "PA", "Tennesee": "TN", "ca": "CA"}[r["cells"][6]]} for r in rows if r["cells"][6] in ("Calif.", "Pennsylvania", "Tennesee", "ca")},
        "not_us": at("Canadian"), "same_name": [["C1052", "C1053"]], "same_address": [["WEST#12", "C1040"]], "trailing_blank_in_name": at("trailing blank"),
        "odd_codes": ["B/2041", "WEST#12", "KLN 300", "00417"],
        "row_notes": [{"sheet_row": i + 4, "code": r["code"] or None, "notes": r["why"]} for i, r in enumerate(rows) if r["why"]],
    }


# ------------------------------------------------------------------------------------------------------------ documents
def doc(key, form, pages, profile, **kw):
    """The line of truth of one document."""
    b = BUYERS[key]
    states = b.get("states") or [(b["region"], b["number"])]
    reason = kw.pop("reason", "RESALE")
    t = {"file": None, "pages": pages, "form": form, "purchaser_name": b["name"], "line1": b["line1"], "city": b["city"], "region": b["region"], "postal_code": b["zip"],
         "seller_name": b.get("seller", SELLER)["name"], "states": [{"region": a, "number": n} for a, n in states if n != "N/A"], "reason": reason, "signed_date": kw.pop("date"),
         "expiration_date": b.get("expires"), "blanket": kw.pop("blanket", None), "signed": kw.pop("signed", True), "handwritten": kw.pop("handwritten", False), "profile": profile, "customer_code": b["code"], "outcome": kw.pop("outcome", "link")}
    t.update(kw)
    return t


NOTHING = {k: None for k in ("form", "purchaser_name", "line1", "city", "region", "postal_code", "seller_name", "reason", "signed_date", "expiration_date", "blanket")}
SHAPES = {"TX": r"\d{11}", "CA": r"\d{3}-\d{6}", "FL": r"\d{2}-\d{10}-\d", "PA": r"\d{8}", "OH": r"(0[1-9]|[1-7]\d|8[0-8])-\d{6}", "WA": r"[A-Z]\d{2} \d{4} \d{2}", "IL": r"\d{4}-\d{4}|E-\d{4}-\d{4}", "NJ": r"\d{3}-\d{3}-\d{3}/\d{3}", "AZ": r"\d{8}", "VA": r"\d{15}", "MN": r"\d{7}", "IN": r"\d{10}-\d{3}", "NE": r"01-\d{7}", "NY": r"\d{2}-\d{7}"}


def documents():
    """Gives (file name, bytes, [truth lines]) for each file of the folder."""
    def c(key, date, **kw):
        return {**BUYERS[key], "date": date, "signed": True, "blanket": None, **kw}

    blank = Page()

    def typed(pages, seed, dpi=200, **kw):
        return [office(p.image(dpi), seed + i, dpi, **kw) for i, p in enumerate(pages)]

    def copier(pages, seed, **kw):
        return [bilevel(p.image(200), seed + i, **kw) for i, p in enumerate(pages)]

    cedar = scan_pdf(typed(tx_resale(c("cedar", "2026-03-14")), 101))
    yield "Exempt cert - Cedar Hollow.pdf", cedar, [doc("cedar", "TX-01-339", [1, 1], "office", date="2026-03-14")]
    yield "Exempt cert - Cedar Hollow (copy).pdf", cedar, [doc("cedar", "TX-01-339", [1, 1], "office", date="2026-03-14", duplicate_of="certificates/Exempt cert - Cedar Hollow.pdf")]
    yield "IMG_2231.jpg", jpeg(phone(ca_230(c("marigold", "2025-09-08"))[0], 102), 72, 96), [doc("marigold", "CA-CDTFA-230", [1, 1], "phone", date="2025-09-08")]
    yield "scan0007.pdf", scan_pdf(copier(ny_120(c("hudson", "2025-02-19", blanket=True)), 103)), [doc("hudson", "NY-ST-120", [1, 2], "office", date="2025-02-19", blanket=True)]
    prairie = c("prairie", "2026-06-02", blanket=True)
    yield "Scan_20261103_0914.tif", tiff_g4(copier(il_crt61(prairie) + [il_instructions(prairie), blank], 104)), [doc("prairie", "IL-CRT-61", [1, 2], "office", date="2026-06-02", blanket=True)]
    coral = skewed(fl_dr13(c("coral", "2026-01-22"))[0].image(200).convert("L"), 0.0).point(lambda v: v // 17 * 17)
    png = io.BytesIO()
    coral.save(png, "PNG", optimize=True, dpi=(200, 200))
    yield "FL annual resale 2026 Coral Key.png", png.getvalue(), [doc("coral", "FL-DR-13", [1, 1], "clean", date="2026-01-22", expiration_date="2026-12-31")]
    yield "FAX_0231.pdf", scan_pdf([fax(pa_1220(c("keystone", "2025-11-09", blanket=True))[0], 105, "NOV-09-2025  10:42   FROM: 570 555 0119          TO: 423 555 0100      P. 01/01")], "FaxServer 7", 204), [doc("keystone", "PA-REV-1220", [1, 1], "fax", date="2025-11-09", blanket=True)]
    yield "scan0011.pdf", scan_pdf(copier(oh_stec_b(c("buckeye", "2024-08-27")), 106)), [doc("buckeye", "OH-STEC-B", [1, 1], "office", date="2024-08-27", blanket=True)]
    yield "wa reseller permit.pdf", scan_pdf(typed(wa_permit(c("puget", "2024-04-09")), 107)), [doc("puget", "WA-RESELLER-PERMIT", [1, 1], "office", date="2024-04-09")]
    yield "NJ ST-3 Passaic Valley.pdf", scan_pdf(typed(nj_st3(c("passaic", "2026-04-30", blanket=True, pen="hand")), 108)), [doc("passaic", "NJ-ST-3", [1, 1], "office", date="2026-04-30", blanket=True, handwritten=True)]
    yield "Resale Cert_Lone Oak_TX.pdf", text_pdf(tx_resale(c("loneoak", "2026-07-15")), "Resale Certificate"), [doc("loneoak", "TX-01-339", [1, 1], "digital", date="2026-07-15")]
    yield "scan0015.pdf", scan_pdf(copier(tx_resale(c("bluebonnet", "2025-05-06")) + ca_230(c("sierra", "2025-05-12")), 109)), [doc("bluebonnet", "TX-01-339", [1, 1], "office", date="2025-05-06"), doc("sierra", "CA-CDTFA-230", [2, 2], "office", date="2025-05-12")]
    yield "Great Lakes Fastener - multistate.pdf", scan_pdf(typed(mtc(c("lakes", "2026-02-03")), 110)), [doc("lakes", "MTC", [1, 1], "office", date="2026-02-03")]
    yield "SST_F0003_Northgate.pdf", scan_pdf(typed(sst(c("northgate", "2026-05-21")), 111)), [doc("northgate", "SST-F0003", [1, 1], "office", date="2026-05-21", blanket=True)]
    yield "scan0019.pdf", scan_pdf(copier(ny_120(c("lakeside", "2026-09-10", blanket=True, signed=False))[:1], 112)), [doc("lakeside", "NY-ST-120", [1, 1], "office", date="2026-09-10", blanket=True, signed=False, outcome="reject")]
    yield "AZ5000A Saguaro Pool.pdf", scan_pdf(typed(az_5000a(c("saguaro", "2024-06-24")), 113)), [doc("saguaro", "AZ-5000A", [1, 1], "office", date="2024-06-24", blanket=True, outcome="reject")]
    inv = {**BUYERS["puget"], "date": "2026-10-29"}
    yield "INV-88213.pdf", scan_pdf(copier(invoice(inv), 114)), [{"file": None, "pages": [1, 1], **NOTHING, "states": [], "signed": False, "handwritten": False, "profile": "office", "customer_code": None, "outcome": "not_a_certificate"}]
    yield "scan0022.pdf", scan_pdf([i.transpose(Image.ROTATE_90) for i in copier(pa_1220(c("allegheny", "2025-10-17", blanket=True)), 115)]), [doc("allegheny", "PA-REV-1220", [1, 1], "rot90", date="2025-10-17", blanket=True)]
    yield "scan0023.pdf", scan_pdf([i.transpose(Image.ROTATE_180) for i in typed(oh_stec_b(c("cuyahoga", "2026-08-05")), 116)]), [doc("cuyahoga", "OH-STEC-B", [1, 1], "rot180", date="2026-08-05", blanket=True)]
    yield "IDOR letter Prairie Harvest.pdf", scan_pdf(typed(il_letter(c("pantry", "2024-05-01")), 117)), [doc("pantry", "LETTER", [1, 1], "office", date="2024-05-01", reason="CHARITABLE", seller_name=None)]
    yield "scan0024.pdf", scan_pdf(copier(il_crt61(c("foxriver", "2026-10-12", blanket=True)), 118)), [doc("foxriver", "IL-CRT-61", [1, 1], "office", date="2026-10-12", blanket=True, outcome="review")]
    whole = scan_pdf(copier(va_st10(c("tidewater", "2026-03-03")), 119))
    yield "Resale certificate - Tidewater.pdf", whole[:len(whole) // 2], [{"file": None, "pages": [1, 1], **NOTHING, "states": [], "signed": False, "handwritten": False, "profile": "damaged", "customer_code": None, "outcome": "review"}]
    yield "From Orlando office/doc20261021.pdf", scan_pdf(typed(fl_dr13(c("harborview", "2026-02-11")), 120)), [doc("harborview", "FL-DR-13", [1, 1], "office", date="2026-02-11", expiration_date="2026-12-31")]
    yield "Redwood Embroidery.jpeg", jpeg(typed(ca_230(c("redwood", "2026-01-15", pen="hand")), 121)[0]), [doc("redwood", "CA-CDTFA-230", [1, 1], "office", date="2026-01-15", handwritten=True)]
    yield "scan0027.pdf", scan_pdf(copier(tx_resale(c("mesquite", "2026-06-18")), 122)), [doc("mesquite", "TX-01-339", [1, 1], "office", date="2026-06-18", outcome="review")]
    yield "scan0028.pdf", scan_pdf(copier(nj_st3(c("copper", "2025-07-22", blanket=True)), 123)), [doc("copper", "NJ-ST-3", [1, 1], "office", date="2025-07-22", blanket=True, outcome="review")]
    yield "Pecan Fork ISD tax exempt.pdf", scan_pdf(copier(tx_exempt(c("pecan", "2026-08-19")), 124)), [doc("pecan", "TX-01-339", [1, 1], "office", date="2026-08-19", reason="EDUCATIONAL")]


STRAY = {
    "notes for AP.txt": b"Cedar Hollow sent theirs twice.\r\nTidewater: file will not open, asked them to send it again 11/12.\r\nStill waiting for Redwood Coast Apparel.\r\n",
    "Thumbs.db": bytes.fromhex("d0cf11e0a1b11ae1") + bytes(504),
}


def main():
    check_fonts()
    if os.path.isdir(OUT):
        shutil.rmtree(OUT)
    rows = customers()
    write_customers(rows)
    truth, n_files = [], 0
    for name, data, lines in documents():
        path = os.path.join(OUT, *name.split("/"))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as f:
            f.write(data)
        n_files += 1
        for t in lines:
            t["file"] = "certificates/" + name
            for s in t["states"]:
                good = s["number"] is None or re.fullmatch(SHAPES[s["region"]], s["number"])
                assert bool(good) != (t["customer_code"] == "C1058"), (name, s)  # only the saddlery's number is wrong, on purpose
            truth.append(t)
    for name, data in STRAY.items():
        with open(os.path.join(OUT, name), "wb") as f:
            f.write(data)
    with open(os.path.join(HERE, "truth.jsonl"), "w", encoding="utf-8", newline="\n") as f:
        f.writelines(json.dumps(t, ensure_ascii=False) + "\n" for t in truth)
    known = customers_truth(rows)
    codes = [t["customer_code"] for t in truth]
    with_link = {t["customer_code"] for t in truth if t["outcome"] == "link"}
    outcomes = {o: sum(t["outcome"] == o for t in truth) for o in ("link", "review", "reject", "not_a_certificate")}
    known["folder"] = {
        "as_of": TODAY, "files": n_files + len(STRAY), "scan_files": n_files, "stray_files": sorted("certificates/" + s for s in STRAY), "documents": len(truth), "documents_by_outcome": outcomes,
        "byte_copies": {t["file"]: t["duplicate_of"] for t in truth if "duplicate_of" in t}, "unreadable": [t["file"] for t in truth if t["profile"] == "damaged"],
        "certificates_to_create": sum(len(t["states"]) for t in truth if t["outcome"] == "link" and "duplicate_of" not in t),
        "exempt_customers_with_a_good_certificate": sorted(with_link), "exempt_customers_without": [x for x in known["exempt_codes"] if x not in with_link],
    }
    assert with_link <= set(known["exempt_codes"]) and None in codes
    with open(os.path.join(HERE, "customers_truth.json"), "w", encoding="utf-8", newline="\n") as f:
        f.write(json.dumps(known, indent=1, ensure_ascii=False) + "\n")
    print(f"{known['total']} customers, {known['exempt']} exempt; {n_files} scan files, {len(truth)} documents {outcomes}")


if __name__ == "__main__":
    main()
