"""Python's ssl module as a client: fetches a page twice over one context and tells what it sees."""
import json
import ssl
import sys
import socket

root, port = sys.argv[1], int(sys.argv[2])
context = ssl.create_default_context(cafile=root)
context.minimum_version = ssl.TLSVersion.TLSv1_3
context.set_alpn_protocols(["http/1.1"])
session = None
for _ in range(2):
    tcp = socket.create_connection(("127.0.0.1", port))
    with context.wrap_socket(tcp, server_hostname="localhost", session=session) as tls:
        request = "GET /.portunus/connection?format=json HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        tls.sendall(request.encode())
        answer = b""
        while piece := tls.recv(65536):
            answer += piece
        facts = json.loads(answer.split(b"\r\n\r\n", 1)[1])["tls"]
        print(tls.version(), tls.cipher()[0], tls.selected_alpn_protocol(), "reused" if tls.session_reused else "new")
        assert facts["cipher_suite"] == tls.cipher()[0], facts
        assert facts["resumed"] == tls.session_reused, facts
        session = tls.session
        tls.unwrap()
try:
    tcp = socket.create_connection(("127.0.0.1", port))
    ssl.create_default_context().wrap_socket(tcp, server_hostname="localhost")
except ssl.SSLCertVerificationError as error:
    print("refused:", error.verify_message)
