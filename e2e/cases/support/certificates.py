"""Authorities and certificates of their making, with the openssl command."""

import subprocess

CURVE = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


def openssl(*args):
    subprocess.run(["openssl", *map(str, args)], check=True, capture_output=True)


def new_authority(folder, name):
    """Makes ca.crt and ca.key."""
    openssl("req", "-x509", *CURVE, "-keyout", folder / "ca.key", "-out", folder / "ca.crt",
            "-days", "30", "-subj", f"/CN={name}")


def new_certificate(folder, names, ca=None):
    """Makes tls.crt and tls.key for NAMES ("DNS:source", "IP:127.0.0.1"), signed by the authority
    in `ca`; by default that in the same folder."""
    ca = ca or folder
    openssl("req", *CURVE, "-keyout", folder / "tls.key", "-out", folder / "tls.csr", "-subj", "/CN=cases")
    (folder / "names").write_text(f"subjectAltName={names}\n", encoding="ascii")
    openssl("x509", "-req", "-in", folder / "tls.csr", "-CA", ca / "ca.crt", "-CAkey", ca / "ca.key",
            "-CAserial", folder / "serial", "-CAcreateserial", "-days", "30",
            "-extfile", folder / "names", "-out", folder / "tls.crt")
