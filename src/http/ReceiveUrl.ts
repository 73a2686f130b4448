import { Effect } from "effect";
import { cleanFilename } from "../../domain/upload/Filename.ts";
import { Limits } from "../../services/Limits.ts";
import { RemoteFiles } from "../../services/RemoteFiles.ts";
import { UrlUpload } from "../api/UploadJson.ts";
import { tooLarge } from "./MeteredBody.ts";
import { storeStream, type Target } from "./ReceiveUpload.ts";
import { decodeJson, readFields } from "./UploadFields.ts";

/** Fetches the audio from the URL that the body names, straight into the blob store. */
export const receiveUrl = Effect.fnUntraced(function* (target: Target) {
  const { maxUploadBytes } = yield* Limits;
  // A body that is too large, or breaks off, is answered where those of all requests are.
  const text = yield* Effect.orDie(target.request.text);
  const { url, filename, process, metadata, ...rest } = yield* decodeJson("", UrlUpload, text);
  const fields = yield* readFields({
    ...target.fields,
    ...rest,
    ...(process !== undefined && { process: JSON.stringify(process) }),
    ...(metadata !== undefined && { metadata: JSON.stringify(metadata) }),
  });
  const file = yield* (yield* RemoteFiles).open(url);
  if (file.sizeBytes !== null && file.sizeBytes > maxUploadBytes) return yield* tooLarge(maxUploadBytes);
  return yield* storeStream(target, fields, {
    filename: cleanFilename(filename ?? file.name),
    contentType: file.contentType,
    content: file.content,
  });
}, Effect.scoped);
