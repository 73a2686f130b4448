import { Buffer } from "node:buffer";
import { request } from "node:http";
import { ffmpeg, sine, wav } from "../../support/Audio.ts";
import { type Json, type RunningService, upload } from "../../support/RunningService.ts";

/** An audio file, and how long it lasts. */
export interface Source {
  readonly bytes: Buffer<ArrayBuffer>;
  readonly seconds: number;
}

/** Done in a moment. */
export const short: Source = { bytes: Buffer.from(wav(sine())), seconds: 1 };

const tone = "sine=frequency=440:sample_rate=44100:duration=150";

/** Long enough to be interrupted: its render and its analysis take some seconds each. */
export const long: Source = {
  bytes: Buffer.from(ffmpeg("-f", "lavfi", "-i", tone, "-ac", "2", "-f", "flac", "pipe:1")),
  seconds: 150,
};

/** Uploads a file, and waits until an event of a type has been recorded since. */
export const accept = async (service: RunningService, source: Source, type: string): Promise<Json> => {
  const seen = recorded(service, type);
  const accepted = await upload(service, source.bytes, {
    filename: source === long ? "audio.flac" : "audio.wav",
    process: { outputs: [{ format: "mp3" }, { format: "opus" }] },
  });
  await seen;
  return accepted;
};

/** Waits until the service has recorded an event of a type: from now on, unless told from where in its output. */
export const recorded = async (
  service: RunningService,
  type: string,
  from = service.output().length,
): Promise<void> => {
  while (!service.output().includes(`"message":"${type}"`, from)) await sleep(1);
};

/** Sends the first half of an upload and no more; done when the connection breaks. */
export const sendHalf = (service: RunningService, isForm: boolean): Promise<void> => {
  const head = "--part\r\ncontent-disposition: form-data; name=file; filename=a.flac\r\n\r\n";
  const body = Buffer.concat([Buffer.from(isForm ? head : ""), long.bytes]);
  return new Promise((resolve) => {
    const sending = request(`${service.url}/api/v1/uploads`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${service.key}`,
        "content-type": isForm ? "multipart/form-data; boundary=part" : "audio/flac",
        "content-length": body.length,
      },
    });
    sending.on("error", () => resolve());
    sending.write(body.subarray(0, body.length / 2));
  });
};

/** Waits some milliseconds. */
export const sleep = (millis: number) => new Promise((resolve) => setTimeout(resolve, millis));
