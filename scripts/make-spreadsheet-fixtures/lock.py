"""Has LibreOffice save a file with a password. Run with the system's Python, which has LibreOffice's `uno`. Usage: lock.py IN OUT FILTER"""
import os, subprocess, sys, tempfile, time, uno
from com.sun.star.beans import NamedValue, PropertyValue

def prop(name, value):
    p = PropertyValue()
    p.Name, p.Value = name, value
    return p

def named(**values):
    return uno.Any("[]com.sun.star.beans.NamedValue", tuple(NamedValue(name, value) for name, value in values.items()))


source, target, kind = sys.argv[1:4]
# Each format wants the password in its own way; xls wants the finished key, for which any 16 bytes do.
key = uno.ByteSequence(bytes(range(16)))
secret = {
    "calc8": prop("Password", "secret"),
    "MS Excel 97": prop("EncryptionData", named(STD97EncryptionKey=key, STD97UniqueID=key)),
}[kind]
with tempfile.TemporaryDirectory() as profile:
    pipe = f"fixtures{os.getpid()}"
    office = subprocess.Popen(["soffice", f"-env:UserInstallation=file://{profile}", "--headless", "--norestore", f"--accept=pipe,name={pipe};urp;"])
    context = uno.getComponentContext()
    resolver = context.ServiceManager.createInstanceWithContext("com.sun.star.bridge.UnoUrlResolver", context)
    for _ in range(120):
        try:
            remote = resolver.resolve(f"uno:pipe,name={pipe};urp;StarOffice.ComponentContext")
            break
        except Exception:
            time.sleep(0.5)
    desktop = remote.ServiceManager.createInstanceWithContext("com.sun.star.frame.Desktop", remote)
    book = desktop.loadComponentFromURL(uno.systemPathToFileUrl(os.path.abspath(source)), "_blank", 0, (prop("Hidden", True),))
    book.storeToURL(uno.systemPathToFileUrl(os.path.abspath(target)), (prop("FilterName", kind), secret))
    book.close(True)
    try:
        desktop.terminate()
    except Exception:
        pass
    office.wait(60)
