// Serves a built site below a folder, as a plain static host would: node server.js dist http://127.0.0.1:8080/folder/
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { extname, join, normalize } from "node:path";

const TYPES = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
};

const [folder, address] = process.argv.slice(2);
const { hostname, pathname: base, port } = new URL(address);

createServer(async (request, response) => {
  const path = decodeURIComponent(new URL(request.url, address).pathname);
  try {
    if (!path.startsWith(base)) throw new Error("outside of the site");
    const file = normalize(path.slice(base.length) || "index.html");
    if (file.startsWith("..")) throw new Error("outside of the folder");
    const body = await readFile(join(folder, file));
    response.writeHead(200, { "content-type": TYPES[extname(file)] ?? "application/octet-stream" }).end(body);
  } catch {
    response.writeHead(404).end();
  }
}).listen(Number(port), hostname);
