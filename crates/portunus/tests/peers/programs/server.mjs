// Node as a server: HTTP/2 and HTTP/1.1, one port a certificate. Answers requests with what it knows of their connections.
import crypto from "node:crypto";
import fs from "node:fs";
import http2 from "node:http2";

// The file of the root, then a name, the highest version, a certificate's file and its key's for each port.
const [root, ...words] = process.argv.slice(2);
const ca = fs.readFileSync(root);

function answer(request, response) {
  if (request.method === "POST") {
    request.pipe(response);
    return;
  }
  if (request.method === "PUT") {
    // A digest in place of what was sent, which may be large.
    const digest = crypto.createHash("sha256");
    request.on("data", (piece) => digest.update(piece)).on("end", () => response.end(digest.digest("hex")));
    return;
  }
  const tls = request.stream?.session?.socket ?? request.socket;
  const subject = tls.getPeerCertificate().subject;
  if (subject && !tls.authorized) response.statusCode = 403;
  const peer = subject ? `CN=${subject.CN}` : "nobody";
  const reused = tls.isSessionReused() ? "reused" : "new";
  const facts = `HTTP/${request.httpVersion} ${tls.getProtocol()} ${tls.getCipher().standardName} ${reused} ${peer}\n`;
  response.setHeader("Content-Length", facts.length);
  response.end(facts);
}

for (let at = 0; at < words.length; at += 4) {
  const [name, maxVersion] = words.slice(at);
  const [cert, key] = [fs.readFileSync(words[at + 2]), fs.readFileSync(words[at + 3])];
  const asks = { ca, requestCert: true, rejectUnauthorized: false };
  const options = { cert, key, ...asks, allowHTTP1: true, minVersion: "TLSv1.2", maxVersion };
  const server = http2.createSecureServer(options, answer);
  server.listen(0, "127.0.0.1", () => console.log(`port ${name} ${maxVersion} ${server.address().port}.`));
}
