import { isIP } from "node:net";

/** A block of addresses. */
export interface Network {
  readonly address: string;
  readonly prefix: number;
  readonly family: "ipv4" | "ipv6";
}

/** Reads a block in CIDR notation (RFC 4632, RFC 4291 section 2.3), such as `10.0.0.0/8`; `null` if it is none. */
export const readNetwork = (text: string): Network | null => {
  const [, address = "", digits = ""] = /^([0-9A-Fa-f.:]+)\/(\d{1,3})$/.exec(text) ?? [];
  const prefix = Number(digits);
  switch (isIP(address)) {
    case 4:
      return prefix <= 32 ? { address, prefix, family: "ipv4" } : null;
    case 6:
      return prefix <= 128 ? { address, prefix, family: "ipv6" } : null;
    default:
      return null;
  }
};

/** Reads blocks with commas between; `null` if one of them is none. */
export const readNetworks = (text: string): ReadonlyArray<Network> | null => {
  const networks = text.split(",").map((item) => readNetwork(item.trim()));
  return networks.every((network) => network !== null) ? networks : null;
};
