"""Python's ssl module as a client: fetches a page twice over one context and tells what it sees, then visits whom its
input names.

The file of a site's root and its port, then the file of the root of those that are visited. A line of the input is a
number for the answer, a port, the highest version, a group, the files of a certificate and its key (`-` for none of
these), and how many connections.
"""
import json
import socket
import ssl
import sys

site_root, site_port, root = sys.argv[1:4]


def connect(context, port, session=None):
    tcp = socket.create_connection(("127.0.0.1", int(port)))
    return context.wrap_socket(tcp, server_hostname="localhost", session=session)


def context_for(root):
    context = ssl.create_default_context(cafile=root)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def fetch():
    context = context_for(site_root)
    context.set_alpn_protocols(["http/1.1"])
    session = None
    for _ in range(2):
        with connect(context, site_port, session) as tls:
            request = "GET /.portunus/connection?format=json HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
            tls.sendall(request.encode())
            answer = b""
            while piece := tls.recv(65536):
                answer += piece
            facts = json.loads(answer.split(b"\r\n\r\n", 1)[1])["tls"]
            reused = "reused" if tls.session_reused else "new"
            print(tls.version(), tls.cipher()[0], tls.selected_alpn_protocol(), reused)
            assert facts["cipher_suite"] == tls.cipher()[0], facts
            assert facts["resumed"] == tls.session_reused, facts
            session = tls.session
            tls.unwrap()
    try:
        connect(ssl.create_default_context(), site_port)
    except ssl.SSLCertVerificationError as error:
        print("refused:", error.verify_message)


def ask(tls, line):
    tls.sendall(line.encode() + b"\n")
    answer = b""
    while not answer.endswith(b"\n"):
        piece = tls.recv(4096)
        if not piece:
            raise EOFError("closed")
        answer += piece
    return answer.decode().strip()


def visit(port, version, group, cert, key, times):
    context = context_for(root)
    context.maximum_version = ssl.TLSVersion[version.replace(".", "_")]
    if group != "-":
        context.set_ecdh_curve(group)
    if cert != "-":
        context.load_cert_chain(cert, key)
    session = None
    for _ in range(int(times)):
        with connect(context, port, session) as tls:
            assert ask(tls, "hello") == "got hello"
            assert ask(tls, "new keys") == "got new keys"
            asked = ask(tls, "asked").split()[1]
            yield from (tls.cipher()[0], "reused" if tls.session_reused else "new", asked)
            session = tls.session
            tls.unwrap()


fetch()
for line in sys.stdin:
    number, *words = line.split()
    try:
        saw = " ".join(visit(*words))
    except OSError as error:
        saw = f"refused: {error}"
    print(f"{number}: {saw}", flush=True)
