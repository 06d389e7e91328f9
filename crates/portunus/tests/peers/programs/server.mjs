// Node as a server: HTTP/2 and HTTP/1.1 on one port.
import fs from "node:fs";
import http2 from "node:http2";

const [cert, key] = process.argv.slice(2).map((file) => fs.readFileSync(file));
const options = { cert, key, allowHTTP1: true, minVersion: "TLSv1.3" };
const server = http2.createSecureServer(options, (request, response) => {
  const socket = request.stream?.session?.socket ?? request.socket;
  const about = `${request.httpVersion} ${socket.getProtocol()} ${socket.getCipher().name} `;
  response.write(about);
  request.pipe(response);
});
server.listen(0, "127.0.0.1", () => console.log(`port ${server.address().port}.`));
