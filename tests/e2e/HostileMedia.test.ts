/** Bad input against a process of its own: it is told by its code, it leaks nothing, and the service goes on. */
import { afterAll, assert, describe, it } from "@effect/vitest";
import { Buffer } from "node:buffer";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ffmpeg, silence, silentFlac, sine, type Sound, wav } from "../support/Audio.ts";
import { filesBelow } from "../support/Files.ts";
import { assertProblem } from "../support/Problems.ts";
import { endAll, type Json, settled, startService, upload } from "../support/RunningService.ts";
import { oversizing } from "./hostile/Oversizing.ts";

const service = await startService({ TAPEDECK_MAX_UPLOAD_BYTES: String(8 * 1024 ** 2) });
const { dataDirectory } = service;

/** Whoever connects here was sent by a hostile file. */
let connections = 0;
const listener = createServer((socket) => {
  connections++;
  socket.destroy();
}).listen(0, "127.0.0.1");
await once(listener, "listening");
const address = listener.address();
const port = typeof address === "object" && address !== null ? address.port : 0;

/** A sound that nobody uploaded, wherever a path may look for it; its samples spell a text. */
const canary = "bytes of a neighbour that nobody may have ";
const victim = wav(sine({ seconds: 1 }));
victim.write(canary.repeat(Math.floor((victim.length - 44) / canary.length)), 44);
const victims = ["victim.wav", "work/victim.wav", "blobs/default/victim.wav"];
for (const path of victims) {
  mkdirSync(join(dataDirectory, path, ".."), { recursive: true });
  writeFileSync(join(dataDirectory, path), victim);
}

const scratch = mkdtempSync(join(tmpdir(), "tapedeck-hostile-"));
afterAll(async () => {
  listener.close();
  rmSync(scratch, { recursive: true });
  await endAll();
});

const everything = { outputs: [{ format: "wav" }, { format: "mp3" }], analysis: true };

const submit = (content: string | Uint8Array, filename: string): Promise<Json> =>
  upload(service, new Uint8Array(Buffer.from(content)), { filename, process: everything })
    .then(({ id }) => settled(service, id));

const assertRejected = async (content: string | Uint8Array, filename: string, code: string) => {
  const shown = await submit(content, filename);
  assert.strictEqual(shown.status, "rejected", JSON.stringify(shown));
  assert.strictEqual(shown.rejection.code, code, shown.rejection.detail);
  assert.strictEqual(shown.rejection.stage, "probe");
  assert.deepStrictEqual(shown.conversions, []);
  assert.notProperty(shown, "analysis");
  const { detail } = await assertProblem(await service.call(`/uploads/${shown.id}/analysis`), "NOT_FOUND");
  assert.strictEqual(detail, "The upload was rejected: it has no analysis");
};

describe("a file that names other files", () => {
  const others = [
    "victim.wav",
    "../victim.wav",
    "../../victim.wav",
    join(dataDirectory, "victim.wav"),
    `file://${join(dataDirectory, "victim.wav")}`,
    "file:///etc/passwd",
    `http://127.0.0.1:${port}/segment.ts`,
    `tcp://127.0.0.1:${port}`,
    `concat:../victim.wav|../../victim.wav`,
  ];
  const playlists = others.flatMap((other) => [
    ["a list to concatenate", `ffconcat version 1.0\nfile '${other}'\n`],
    [
      "an HLS playlist",
      `#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n${other}\n#EXT-X-ENDLIST\n`,
    ],
    [
      "a DASH manifest",
      `<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"><Period><AdaptationSet>` +
      `<Representation id="1" bandwidth="1"><BaseURL>${other}</BaseURL></Representation></AdaptationSet>` +
      `</Period></MPD>`,
    ],
  ]);
  const session = ["v=0", "o=- 0 0 IN IP4 127.0.0.1", "s=x", "c=IN IP4 127.0.0.1", "t=0 0"];
  const lists = [
    ...playlists,
    ["a session description", [...session, `m=audio ${port} RTP/AVP 0`, ""].join("\r\n")],
    ["a master playlist", `#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nhttp://127.0.0.1:${port}/a.m3u8\n`],
    [
      "a playlist with a key",
      `#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI="http://127.0.0.1:${port}/key"\n#EXTINF:1,\n../victim.wav\n`,
    ],
  ];

  it("is not an audio format, whatever it is called", async () => {
    const names = ["song.mp3", "song.wav", "song.m3u8", "song.ffconcat", "song.mpd", "song.sdp"];
    await Promise.all(
      lists.map(([_, text = ""], index) =>
        assertRejected(text, names[index % names.length] ?? "", "UNSUPPORTED_FORMAT")
      ),
    );
  });
});

describe("a file with too much in it", () => {
  it.each([[86_400, 86_400], [86_400, 10], [86_400, null], [10, 86_400]])(
    "that lasts %i s and declares %s s, is too long",
    async (seconds, declared) => {
      const file = silentFlac(seconds, declared);
      assert.isBelow(file.length, 1_200_000);
      await assertRejected(file, "day.flac", "DURATION_LIMIT");
    },
  );

  it.each([{ sampleRate: 1 }, { channels: 255 }, { sampleRate: 10_000_000 }, {
    sampleRate: 1,
    channels: 255,
  }])(
    "that claims %j is out of range",
    async (claims) => {
      await assertRejected(wav(sine({ seconds: 0.01 }), "s16", claims), "odd.wav", "INVALID_PARAMETERS");
    },
  );

  it.each([NaN, Infinity, -Infinity])("that has samples of %s is refused", async (value) => {
    const sound = sine({ seconds: 2 });
    sound.samples[sound.samples.length - 1_000] = value;
    await assertRejected(wav(sound, "f32"), "float.wav", "INVALID_SAMPLES");
  });
});

describe("a file with names and tags that are not meant well", () => {
  /** Uploads by a form that is written by hand, so that nothing is escaped on the way. */
  const postNamed = (name: string) => {
    const head = `--x\r\ncontent-disposition: form-data; name="file"; filename="${name}"\r\n\r\n`;
    const body = Buffer.concat([
      Buffer.from(head),
      wav(sine({ seconds: 0.2 })),
      Buffer.from("\r\n--x--\r\n"),
    ]);
    const init = { method: "POST", body, headers: { "content-type": "multipart/form-data; boundary=x" } };
    const process = encodeURIComponent(JSON.stringify(everything));
    return service.call(`/uploads?process=${process}`, init);
  };

  it.each([
    ["a path", "../../../victim.wav", "victim.wav"],
    ["a protocol of ffmpeg", "concat:a|b", "concat:a|b"],
    ["an option of ffmpeg", "-i /etc/passwd", "passwd"],
    ["a command of the shell", "$(touch x).wav", "$(touch x).wav"],
    ["text that runs backwards", "\u202egnp.wav", "gnp.wav"],
    ["300 emoji", "🎧".repeat(300), "🎧".repeat(255)],
    ["markup", "<script>alert(1)</script>", "script>"],
  ])("named by %s is kept under a harmless name, and under paths of the service", async (_, name, kept) => {
    const { id, filename, conversions, analysis, ...rest } = await settled(
      service,
      (await (await postNamed(name)).json()).id,
    );
    assert.strictEqual(rest.status, "ready");
    assert.strictEqual(filename, kept);
    assert.strictEqual(conversions[0].status, "completed");
    const files = (await filesBelow(dataDirectory)).filter((path) => path.includes(id));
    const folder = `blobs/default/default/audio/${id}`;
    assert.deepStrictEqual(files, [
      `${folder}/analysis/${analysis.id}/curves.json`,
      `${folder}/analysis/${analysis.id}/spectrogram.bin`,
      `${folder}/analysis/${analysis.id}/waveform-channels.dat`,
      `${folder}/analysis/${analysis.id}/waveform.dat`,
      `${folder}/analysis/${analysis.id}/waveform.rms`,
      `${folder}/original.${kept.endsWith(".wav") ? "wav" : "bin"}`,
      `${folder}/renditions/${conversions[0].id}/mp3.mp3`,
      `${folder}/renditions/${conversions[0].id}/wav.wav`,
    ]);
  });

  it("named with a NUL is refused", async () => {
    await assertProblem(await postNamed("a\u0000b.wav"), "MALFORMED_REQUEST");
  });

  it("has long tags cut and markup kept as text, in attachments that are not sniffed", async () => {
    const frame = (id: string, text: string) => {
      const body = Buffer.from(`\x03${text}`, "utf8");
      const size = [21, 14, 7, 0].map((shift) => body.length >> shift & 0x7f);
      return Buffer.concat([Buffer.from(id), Buffer.from([...size, 0, 0]), body]);
    };
    const script = "<script>alert('x')</script>";
    const frames = Buffer.concat([frame("TIT2", "t".repeat(5_000_000)), frame("TPE1", script)]);
    const size = [21, 14, 7, 0].map((shift) => frames.length >> shift & 0x7f);
    const path = join(scratch, "plain.mp3");
    writeFileSync(`${path}.wav`, wav(sine()));
    ffmpeg("-i", `${path}.wav`, "-id3v2_version", "0", path);
    const header = Buffer.from([...Buffer.from("ID3"), 4, 0, 0, ...size]);
    const { id, status, media, conversions } = await submit(
      Buffer.concat([header, frames, readFileSync(path)]),
      "tagged.mp3",
    );
    assert.strictEqual(status, "ready");
    assert.strictEqual(media.tags.title, "t".repeat(1_024));
    assert.strictEqual(media.tags.artist, script);
    assert.strictEqual(conversions[0].status, "completed");
    for (const address of [`/uploads/${id}/content`, `/conversions/${conversions[0].id}/outputs/mp3`]) {
      const { headers } = await service.call(address, { method: "HEAD" });
      assert.strictEqual(headers.get("x-content-type-options"), "nosniff");
      assert.match(headers.get("content-disposition") ?? "", /^attachment;/);
    }
  });
});

describe("a URL that leads to where clients must not reach", () => {
  it("is refused in the same words whatever it is, and is not dialled", async () => {
    const hosts = [
      ...["127.0.0.1", "127.1", "2130706433", "0x7f.1", "0177.0.0.1", "localhost", "[::ffff:127.0.0.1]"],
      ...[
        "[::1]",
        "[::]",
        "0.0.0.0",
        "[64:ff9b::7f00:1]",
        "169.254.169.254",
        "[fd00:ec2::254]",
        "100.64.0.1",
      ],
      ...["10.0.0.1", "172.16.0.1", "192.168.0.1", "198.18.0.1", "224.0.0.1", "255.255.255.255", "[fe80::1]"],
      ...["[2002:7f00:1::]", "user:password@127.0.0.1", "user:password@8.8.8.8"],
    ];
    const urls = [
      ...hosts.flatMap((host) => [`http://${host}:${port}/`, `https://${host}:${port}/song.wav`]),
      ...["file:///etc/passwd", `tcp://127.0.0.1:${port}`, `concat:http://127.0.0.1:${port}/|../victim.wav`],
      ...["http://8.8.8.8:25/", `http://8.8.8.8/${"x".repeat(2_048)}`, ""],
    ];
    const details = await Promise.all(urls.map(async (url) => {
      const response = await service.call("/uploads", {
        method: "POST",
        body: JSON.stringify({ url, process: everything }),
        headers: { "content-type": "application/json" },
      });
      return (await assertProblem(response, "URL_NOT_ALLOWED")).detail;
    }));
    assert.lengthOf([...new Set(details)], 1);
  });
});

describe("a request that tries to reach the command line", () => {
  it("is refused with the field at fault", async () => {
    const { id } = await upload(service, new Uint8Array(wav(sine())), { process: { analysis: false } });
    const wishes: ReadonlyArray<readonly [Record<string, unknown>, string]> = [
      [{ format: "mp3", codec: "copy -f tee /x" }, "codec"],
      [{ format: "mp3", bitrateKbps: "-i /etc/passwd" }, "bitrateKbps"],
      [{ format: "mp3", bitrateKbps: "128" }, "bitrateKbps"],
      [{ format: "mp3", bitrateKbps: 1e300 }, "bitrateKbps"],
      [{ format: "mp3", bitrateKbps: 64.5 }, "bitrateKbps"],
      [{ format: "mp3 -y /tmp/x" }, "format"],
      [{ format: "tee" }, "format"],
      [{ format: ["mp3"] }, "format"],
      [{ format: "wav", sampleRate: -1 }, "sampleRate"],
      [{ format: "wav", sampleRate: "44100;ls" }, "sampleRate"],
      [{ format: "wav", channels: 0 }, "channels"],
      [{ format: "wav", channels: null }, "channels"],
      [{ format: "wav", speed: "2,amovie=/etc/passwd" }, "speed"],
      [{ format: "wav", speed: 1e9 }, "speed"],
      [{ format: "wav", quality: "0 -f tee" }, "quality"],
      [{ format: "wav", bitDepth: "24 -y" }, "bitDepth"],
      [{ format: "wav", gainDb: "3dB,amovie=x" }, "gainDb"],
      [{ format: "wav", channelSelect: 1.5 }, "channelSelect"],
      [{ format: "wav", trim: { startSeconds: "0,amovie=x" } }, "trim.startSeconds"],
      [{ format: "wav", trim: { startSeconds: -1 } }, "trim.startSeconds"],
      [{ format: "wav", fade: { inSeconds: "1:curve=tri" } }, "fade.inSeconds"],
      [{ format: "wav", denoise: { model: "/etc/passwd" } }, "denoise.model"],
      [{ format: "wav", loudness: { targetLufs: "-16,amovie=x" } }, "loudness.targetLufs"],
      [{ format: "wav", pitchSemitones: "1,amovie=x" }, "pitchSemitones"],
      [{ format: "wav", silenceTrim: { thresholdDbfs: "-50dB,amovie=x" } }, "silenceTrim.thresholdDbfs"],
      [{ format: "hls", bitratesKbps: ["64 -y"] }, "bitratesKbps[0]"],
      [{ format: "mp3", cover: "/etc/passwd" }, "cover"],
      [{ format: "mp3", chapters: [{ startSeconds: "0 -f tee", title: "x" }] }, "chapters[0].startSeconds"],
      [{ format: "wav", tags: { "a=b -f tee": "x" } }, "tags.a=b -f tee"],
      [{ format: "wav", tags: { title: "a\u0000b" } }, "tags.title"],
      [{ format: "wav", name: "../../x" }, "name"],
      [{ format: "wav", name: "-y" }, "name"],
      [{ format: "wav", name: "a".repeat(64) }, "name"],
      [{ format: "wav", name: "" }, "name"],
    ];
    for (const [wish, field] of wishes) {
      const response = await service.call(`/uploads/${id}/conversions`, {
        method: "POST",
        body: JSON.stringify({ outputs: [{ format: "flac" }, wish] }),
        headers: { "content-type": "application/json" },
      });
      await assertProblem(response, "INVALID_PARAMETER", { field: `outputs[1].${field}` });
    }
    assert.deepStrictEqual((await service.json(`/uploads/${id}`)).conversions, []);
  });
});

describe("a file with next to nothing in it", () => {
  it.each([
    ["text", "la la la\n".repeat(1_000), "UNSUPPORTED_FORMAT"],
    ["HTML", "<!doctype html><title>x</title><audio src=a.mp3></audio>", "UNSUPPORTED_FORMAT"],
    ["one byte", "R", "UNSUPPORTED_FORMAT"],
    ["the header of a WAV", wav(silence({ seconds: 0 })), "EMPTY_AUDIO"],
  ])("such as %s is rejected", async (_, content, code) => {
    await assertRejected(content, "song.mp3", code);
  });

  it("of no bytes at all is refused at once", async () => {
    const form = new FormData();
    form.set("file", new Blob([]), "empty.wav");
    for (const body of [new Uint8Array(), form]) {
      const response = await service.call("/uploads", { method: "POST", body });
      await assertProblem(response, "EMPTY_AUDIO", { stage: "receive" });
    }
  });

  const measured = async (sound: Sound): Promise<Json> => {
    const { id, status, analysis } = await submit(wav(sound), "quiet.wav");
    assert.deepStrictEqual([status, analysis.status], ["ready", "completed"]);
    return service.json(`/uploads/${id}/analysis`);
  };

  it("is measured when it is silence: what has no value is null", async () => {
    const { loudness, signal, warnings } = await measured(silence({ seconds: 3 }));
    assert.deepStrictEqual([...new Set(Object.values(loudness))], [null]);
    assert.containsSubset(signal, { silent: true, rmsDbfs: null, crestDb: null, clippedSamples: 0 });
    assert.deepStrictEqual(warnings, ["SILENT"]);
  });

  it("is measured when it is one sample", async () => {
    const one = { sampleRate: 44_100, channels: 1, samples: Float32Array.of(0.5) };
    const { loudness, signal } = await measured(one);
    assert.isNull(loudness.integratedLufs);
    assert.isFalse(signal.silent);
    assert.approximately(loudness.samplePeakDbfs, -6.02, 0.01);
  });

  it("is converted when it is a WebM that does not tell its duration", async () => {
    const path = join(scratch, "recording.wav");
    writeFileSync(path, wav(sine({ seconds: 3 })));
    const webm = ffmpeg("-i", path, "-f", "webm", "-live", "1", "pipe:1");
    const { status, media, conversions } = await submit(webm, "recording.webm");
    assert.deepStrictEqual([status, media.container], ["ready", "webm"]);
    assert.approximately(media.durationSeconds, 3, 0.1);
    assert.strictEqual(conversions[0].status, "completed");
  });
});

oversizing(service, 8 * 1024 ** 2);

describe("afterwards", () => {
  it("nobody has connected anywhere", () => {
    assert.strictEqual(connections, 0);
  });

  it("no byte of a neighbour is in what is stored, shown or logged", async () => {
    const stored = (await filesBelow(dataDirectory)).filter((path) => /^(?:blobs|work)\//.test(path));
    const leaks = stored.filter((path) =>
      !victims.includes(path) && readFileSync(join(dataDirectory, path)).includes("bytes of a neighbour")
    );
    assert.deepStrictEqual(leaks, []);
    const shown = JSON.stringify(await service.json("/uploads?limit=200")) + service.output();
    for (const leak of ["bytes of a neighbour", "root:x:0", "NaN", "Infinity", "-inf"]) {
      assert.notInclude(shown, leak);
    }
  });

  it("the service works, has logged no error, and holds no work files", async () => {
    assert.strictEqual((await fetch(`${service.url}/readyz`)).status, 200);
    const { conversions, analysis } = await submit(wav(sine()), "good.wav");
    assert.deepStrictEqual([conversions[0].status, analysis.status], ["completed", "completed"]);
    assert.deepStrictEqual(await filesBelow(join(dataDirectory, "work")), ["victim.wav"]);
    assert.deepStrictEqual(await filesBelow(join(dataDirectory, "blobs", ".tmp")), []);
    const complaints = service.output().match(/^.*"level":"(?:warn|error|fatal)".*$/gm) ?? [];
    assert.deepStrictEqual(complaints.filter((line) => !line.includes('"message":"UploadRejected')), []);
  });
});
