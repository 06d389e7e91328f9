"""Python's ssl module as a server: one port a certificate. Answers requests with what it knows of their connections.

The file of the root, then a name, the highest version, a certificate's file and its key's for each port.
"""
import hashlib
import http.server
import ssl
import sys
import threading


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def finish(self):
        super().finish()
        try:
            self.connection.unwrap()
        except OSError:
            # A client may leave without a farewell.
            pass

    def answer(self, body):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        tls = self.connection
        subject = (tls.getpeercert() or {}).get("subject", ())
        peer = ",".join("CN=" + value for names in subject for kind, value in names if kind == "commonName")
        reused = "reused" if tls.session_reused else "new"
        facts = [self.request_version, tls.version(), tls.cipher()[0], reused, peer or "nobody"]
        self.answer((" ".join(facts) + "\n").encode())

    def do_POST(self):
        self.answer(self.rfile.read(int(self.headers["Content-Length"])))

    def do_PUT(self):
        """A digest in place of what was sent, which may be large."""
        left, digest = int(self.headers["Content-Length"]), hashlib.sha256()
        while left and (piece := self.rfile.read(min(left, 1 << 20))):
            digest.update(piece)
            left -= len(piece)
        self.answer(digest.hexdigest().encode())


def listen(root, name, version, cert, key):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.maximum_version = ssl.TLSVersion[version.replace(".", "_")]
    context.load_cert_chain(cert, key)
    context.load_verify_locations(root)
    context.verify_mode = ssl.CERT_OPTIONAL
    context.set_alpn_protocols(["http/1.1"])
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever).start()
    print(f"port {name} {version} {server.server_address[1]}.", flush=True)


root, words = sys.argv[1], iter(sys.argv[2:])
for name, version, cert, key in zip(words, words, words, words):
    listen(root, name, version, cert, key)
