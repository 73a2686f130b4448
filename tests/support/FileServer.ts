import { once } from "node:events";
import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";

/** A server of files on an address of the loopback network. */
export interface FileServer {
  readonly url: string;
  readonly port: number;
  /** How often somebody has connected. */
  readonly connections: () => number;
  /** How many of these connections are open. */
  readonly open: () => number;
  readonly requests: ReadonlyArray<IncomingMessage>;
  readonly close: () => void;
}

/** Serves what the listener answers, on a free port. */
export const startFileServer = (answer: RequestListener, host = "127.0.0.1"): Promise<FileServer> =>
  run(answer, createServer(), `http://${host}`, host);

/** Serves over TLS, with a key and a certificate as PEM. */
export const startTlsFileServer = (
  answer: RequestListener,
  credentials: { readonly key: string; readonly cert: string },
  host = "127.0.0.1",
): Promise<FileServer> => run(answer, createTlsServer(credentials), `https://${host}`, host);

const run = async (answer: RequestListener, server: Server, origin: string, host: string) => {
  const requests: Array<IncomingMessage> = [];
  let connections = 0, open = 0;
  server.on("connection", (socket) => {
    connections++;
    open++;
    socket.on("error", () => {}).once("close", () => open--);
  });
  server.on("request", (request, response) => {
    requests.push(request);
    answer(request, response);
  });
  server.listen(0, host);
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `${origin}:${port}`,
    port,
    connections: () => connections,
    open: () => open,
    requests,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
};
