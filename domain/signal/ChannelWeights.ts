/**
 * The weights of the channels in a loudness sum (ITU-R BS.1770-4, Annex 1, table 3), for channels in the order of WAVE
 * and ffmpeg: 1.41 for surround channels, 0 for the low-frequency channel, else 1.
 *
 * The layout is taken from the number of channels: 3 are left, right, centre; 4 are quadraphonic; 5 are 5.0 (no
 * low-frequency channel); from 6 up it is 5.1, 6.1, 7.1, and every channel after the fourth counts as surround.
 */
export const channelWeights = (channels: number): Float64Array =>
  Float64Array.from({ length: channels }, (_, channel) => {
    if (channel === 3 && channels >= 6) return 0;
    const front = channels === 4 ? 2 : 3;
    return channel < front ? 1 : SURROUND;
  });

const SURROUND = 1.41;
