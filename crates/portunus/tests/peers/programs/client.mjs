// Node as a client: HTTPS and HTTP/2, resumption, and a certificate that it must refuse.
import fs from "node:fs";
import http2 from "node:http2";
import https from "node:https";
import { once } from "node:events";

const [root, port] = process.argv.slice(2);
const ca = fs.readFileSync(root);
const path = "/.portunus/connection?format=json";
const base = { host: "localhost", port, path, ca, minVersion: "TLSv1.3", family: 4 };

async function text(stream) {
  let all = "";
  for await (const piece of stream.setEncoding("utf8")) all += piece;
  return all;
}

// An agent keeps sessions; the second connection is a new one all the same.
const agent = new https.Agent({ keepAlive: false });
for (const expected of [false, true]) {
  const [answer] = await once(https.get({ ...base, agent }), "response");
  const { tls } = JSON.parse(await text(answer));
  const reused = answer.socket.isSessionReused();
  console.log("https", answer.statusCode, tls.version, tls.group, reused ? "reused" : "new");
  if (reused !== expected || tls.resumed !== reused) throw new Error(`reused: ${reused}, ${tls.resumed}`);
}

const session = http2.connect(`https://localhost:${port}`, { ca, family: 4 });
const request = session.request({ ":path": path });
const [headers] = await once(request, "response");
const { tls } = JSON.parse(await text(request));
console.log("http2", headers[":status"], tls.version, tls.application_protocol);
session.close();

const [error] = await once(https.get({ ...base, ca: undefined, agent: false }), "error");
console.log("refused:", error.code);
