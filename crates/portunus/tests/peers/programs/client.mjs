// Node as a client: HTTPS and HTTP/2, resumption, a certificate that it must refuse, and then whom its input names.
import fs from "node:fs";
import http2 from "node:http2";
import https from "node:https";
import readline from "node:readline";
import tls from "node:tls";
import { once } from "node:events";

// The file of a site's root and its port, then the file of the root of those that are visited. A line of the input is a
// number for the answer, a port, the highest version, a group, the files of a certificate and its key (`-` for none of
// these), and how many connections.
const [siteRoot, sitePort, root] = process.argv.slice(2);
const path = "/.portunus/connection?format=json";

async function text(stream) {
  let all = "";
  for await (const piece of stream.setEncoding("utf8")) all += piece;
  return all;
}

async function fetch(ca, port) {
  const base = { host: "localhost", port, path, ca, family: 4 };
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
  const facts = JSON.parse(await text(request)).tls;
  console.log("http2", headers[":status"], facts.version, facts.application_protocol);
  session.close();

  const [error] = await once(https.get({ ...base, ca: undefined, agent: false }), "error");
  console.log("refused:", error.code);
}

async function ask(socket, line) {
  socket.write(`${line}\n`);
  const [answer] = await once(socket, "data");
  return answer.trim();
}

function expect(found, expected) {
  if (found !== expected) throw new Error(`not ${expected}: ${found}`);
}

async function visit(ca, port, maxVersion, group, cert, key, times) {
  const options = { host: "127.0.0.1", port, ca, servername: "localhost", minVersion: "TLSv1.2", maxVersion };
  if (group !== "-") options.ecdhCurve = group;
  if (cert !== "-") Object.assign(options, { cert: fs.readFileSync(cert), key: fs.readFileSync(key) });
  const saw = [];
  for (let left = Number(times); left > 0; left--) {
    const socket = tls.connect(options).setEncoding("utf8");
    socket.on("session", (session) => (options.session = session));
    await once(socket, "secureConnect");
    // A server that refuses our certificate says so after its own part of the handshake is done.
    const lost = new Promise((_, reject) => socket.once("error", reject).once("end", () => reject(new Error("closed"))));
    lost.catch(() => {});
    const talk = async () => {
      expect(await ask(socket, "hello"), "got hello");
      expect(await ask(socket, "new keys"), "got new keys");
      return (await ask(socket, "asked")).split(" ")[1];
    };
    const asked = await Promise.race([talk(), lost]);
    saw.push(socket.getCipher().standardName, socket.isSessionReused() ? "reused" : "new", asked);
    socket.end();
    await once(socket, "close");
  }
  return saw.join(" ");
}

await fetch(fs.readFileSync(siteRoot), sitePort);
const ca = fs.readFileSync(root);
for await (const line of readline.createInterface({ input: process.stdin })) {
  const [number, ...words] = line.split(" ");
  const saw = await visit(ca, ...words).catch((error) => `refused: ${error.message.replaceAll("\n", " ")}`);
  console.log(`${number}: ${saw}`);
}
