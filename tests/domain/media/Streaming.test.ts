import { assert, describe, it } from "@effect/vitest";
import { manifest } from "../../../domain/media/DashManifest.ts";
import { mainPlaylist, mediaPlaylist } from "../../../domain/media/HlsPlaylist.ts";
import { bandwidthOf, filesOf, fileTypeOf, type Variant } from "../../../domain/media/Streaming.ts";

const variant = (bitrateKbps: number, ...samples: ReadonlyArray<number>): Variant => ({
  bitrateKbps,
  segments: samples.map((samples, index) => ({ samples, bytes: 1_000 * (index + 1) })),
});

const long = variant(64, 47_104, 48_128, 48_128, 48_128, 16_000);

describe("the files of an output for streaming", () => {
  const streaming = { bitratesKbps: [64, 128], segments: 2 } as const;

  it("are its variants' initialisation segments and segments, and in HLS their playlists", () => {
    const dash = ["64k.mp4", "64k-1.m4s", "64k-2.m4s", "128k.mp4", "128k-1.m4s", "128k-2.m4s"];
    assert.deepStrictEqual(filesOf("dash", streaming), dash);
    assert.sameMembers([...filesOf("hls", streaming)], [...dash, "64k.m3u8", "128k.m3u8"]);
  });

  it("are told by their names, as nothing else is", () => {
    assert.deepStrictEqual(filesOf("hls", streaming).map(fileTypeOf), [
      ...["audio/mp4", "audio/mp4", "audio/mp4", "application/vnd.apple.mpegurl"],
      ...["audio/mp4", "audio/mp4", "audio/mp4", "application/vnd.apple.mpegurl"],
    ]);
    for (
      const name of [
        "",
        "64k",
        "k.mp4",
        "../64k.mp4",
        "64k.mp4/",
        "64k-.m4s",
        "64k.m4s",
        "64k.mp4\n",
        `${"6".repeat(300)}k.mp4`,
      ]
    ) {
      assert.isNull(fileTypeOf(name), JSON.stringify(name));
    }
  });
});

describe("the bandwidth of a variant", () => {
  it("is its mean and its peak, which a short rest does not raise", () => {
    const { mean, peak } = bandwidthOf(long, 8_000);
    assert.strictEqual(mean, Math.ceil(15_000 * 8 * 8_000 / 207_488));
    assert.strictEqual(peak, Math.ceil(4_000 * 8 * 8_000 / 48_128));
  });

  it("has no peak above the mean where there is no more than a short rest", () => {
    assert.deepStrictEqual(bandwidthOf(variant(64, 8_000), 8_000), { mean: 8_000, peak: 8_000 });
  });
});

describe("HLS", () => {
  it("leads to the variants by relative references, ascending as they are", () => {
    const { mean, peak } = bandwidthOf(long, 8_000);
    assert.strictEqual(
      mainPlaylist("stereo", [long, variant(96, 8_000)], 8_000),
      `#EXTM3U
#EXT-X-VERSION:7
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-STREAM-INF:BANDWIDTH=${peak},AVERAGE-BANDWIDTH=${mean},CODECS="mp4a.40.2"
stereo/64k.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=8000,AVERAGE-BANDWIDTH=8000,CODECS="mp4a.40.2"
stereo/96k.m3u8
`,
    );
  });

  it("lists the segments of a variant, each from its own time stamp on, and says that there will be no more", () => {
    assert.strictEqual(
      mediaPlaylist(variant(64, 47_104, 48_128, 8_000), 8_000),
      `#EXTM3U
#EXT-X-VERSION:7
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-TARGETDURATION:6
#EXT-X-MEDIA-SEQUENCE:1
#EXT-X-PLAYLIST-TYPE:VOD
#EXT-X-MAP:URI="64k.mp4"
#EXTINF:6.016000,
64k-1.m4s
#EXTINF:6.016000,
64k-2.m4s
#EXTINF:0.872000,
64k-3.m4s
#EXT-X-ENDLIST
`,
    );
  });

  it("has durations whose sum is what is played, to the microsecond", () => {
    const playlist = mediaPlaylist(variant(64, 264_192, 265_216, 265_216, 265_216, 265_216, 42_044), 44_100);
    const lengths = [...playlist.matchAll(/^#EXTINF:([\d.]+),$/gm)].map(([, length]) => Number(length));
    assert.deepStrictEqual(lengths, [6.013968, 6.013969, 6.013968, 6.013968, 6.013968, 0.930159]);
  });
});

describe("MPEG-DASH", () => {
  const timelineOf = (...samples: ReadonlyArray<number>) =>
    manifest("dash", [variant(64, ...samples)], { sampleRate: 8_000, channels: 1 }).match(/<S [^>]*>/g);

  it("names what it plays once, and each bit rate of it", () => {
    const { peak } = bandwidthOf(long, 8_000);
    assert.strictEqual(
      manifest("dash", [long, { ...long, bitrateKbps: 96 }], { sampleRate: 8_000, channels: 2 }),
      `<?xml version="1.0" encoding="utf-8"?>
<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" profiles="urn:mpeg:dash:profile:isoff-live:2011" type="static" mediaPresentationDuration="PT25.936000S" minBufferTime="PT6S">
<Period id="0" start="PT0S">
<AdaptationSet id="0" contentType="audio" mimeType="audio/mp4" codecs="mp4a.40.2" audioSamplingRate="8000" segmentAlignment="true" startWithSAP="1">
<AudioChannelConfiguration schemeIdUri="urn:mpeg:dash:23003:3:audio_channel_configuration:2011" value="2"/>
<SegmentTemplate timescale="8000" initialization="dash/$RepresentationID$.mp4" media="dash/$RepresentationID$-$Number$.m4s" startNumber="1">
<SegmentTimeline>
<S t="0" d="47104"/>
<S d="48128" r="2"/>
<S d="16000"/>
</SegmentTimeline>
</SegmentTemplate>
<Representation id="64k" bandwidth="${peak}"/>
<Representation id="96k" bandwidth="${peak}"/>
</AdaptationSet>
</Period>
</MPD>
`,
    );
  });

  it("counts segments of the same length together, also the last ones", () => {
    assert.deepStrictEqual(timelineOf(7), ['<S t="0" d="7"/>']);
    assert.deepStrictEqual(timelineOf(7, 7), ['<S t="0" d="7" r="1"/>']);
    assert.deepStrictEqual(timelineOf(6, 7, 7), ['<S t="0" d="6"/>', '<S d="7" r="1"/>']);
    assert.deepStrictEqual(timelineOf(7, 6, 7), ['<S t="0" d="7"/>', '<S d="6"/>', '<S d="7"/>']);
  });
});
