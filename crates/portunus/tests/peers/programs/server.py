"""Python's ssl module as a server: answers requests with what it knows of their connections."""
import http.server
import ssl
import sys

cert, key, root = sys.argv[1:4]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def finish(self):
        super().finish()
        try:
            self.connection.unwrap()
        except OSError:
            # A client may leave without a farewell.
            pass

    def do_GET(self):
        peer = "a certificate" if self.connection.getpeercert() else "no certificate"
        reused = "reused" if self.connection.session_reused else "new"
        body = f"{self.connection.version()} {self.connection.cipher()[0]} {reused} {peer}\n".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.minimum_version = ssl.TLSVersion.TLSv1_3
context.load_cert_chain(cert, key)
context.load_verify_locations(root)
context.verify_mode = ssl.CERT_OPTIONAL
context.set_alpn_protocols(["http/1.1"])
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
print(f"port {server.server_address[1]}.", flush=True)
server.serve_forever()
