import { createServer, request } from "node:http";
import { connect } from "node:net";

/** A proxy to a server's API that counts the requests. */
export async function countingProxy(apiUrl) {
  const { hostname, port } = new URL(apiUrl);
  let count = 0;
  const server = createServer((incoming, reply) => {
    count += 1;
    const { method, url, headers } = incoming;
    const onward = request({ hostname, port, method, path: url, headers }, (answer) => {
      reply.writeHead(answer.statusCode, answer.headers);
      answer.pipe(reply);
    });
    onward.on("error", () => incoming.socket.destroy());
    incoming.pipe(onward);
  });
  server.on("upgrade", ({ method, url, rawHeaders }, socket) => {
    const onward = connect(Number(port), hostname);
    const lines = rawHeaders.flatMap((name, index) => (index % 2 === 0 ? [`${name}: ${rawHeaders[index + 1]}`] : []));
    onward.write(`${method} ${url} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`);
    for (const one of [socket, onward]) one.on("error", () => one.destroy());
    socket.pipe(onward).pipe(socket);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    apiUrl: `http://127.0.0.1:${server.address().port}/api`,
    requests: () => count,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
