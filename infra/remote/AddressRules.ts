/**
 * Which addresses may be dialled for a client: public unicast ones, by the registries of special-purpose addresses of IANA (RFC 6890)
 * as of 2025, and those that the operator allows.
 */
import { BlockList, isIP } from "node:net";
import { type Network, readNetwork } from "./Network.ts";

const special4 = [
  "0.0.0.0/8", // this network
  "10.0.0.0/8", // private
  "100.64.0.0/10", // shared with the provider's NAT
  "127.0.0.0/8", // loopback
  "168.63.129.16/32", // public by its number, but the host of virtual machines on Azure
  "169.254.0.0/16", // link-local, where clouds have their metadata
  "172.16.0.0/12", // private
  "192.0.0.0/24", // protocol assignments
  "192.0.2.0/24", // documentation
  "192.88.99.0/24", // 6to4 relays
  "192.168.0.0/16", // private
  "198.18.0.0/15", // benchmarks
  "198.51.100.0/24", // documentation
  "203.0.113.0/24", // documentation
  "224.0.0.0/4", // multicast
  "240.0.0.0/4", // reserved, and broadcast
];

/** All that is public lies here; so the rest of the address space needs no list. */
const global6 = ["2000::/3"];

const special6 = [
  "2001::/23", // protocol assignments: Teredo, ORCHID, benchmarks
  "2001:db8::/32", // documentation
  "2002::/16", // 6to4, with any IPv4 address inside
  "3fff::/20", // documentation
];

/** Answers whether an address may be dialled: one that is public, or in one of the networks. Whatever is no address may not. */
export const addressRules = (networks: ReadonlyArray<Network>): (address: string) => boolean => {
  // A list for each family: one that holds mapped addresses would match those of IPv4 as well.
  const own4 = listOf(networks.filter(({ family }) => family === "ipv4"));
  const own6 = listOf(networks.filter(({ family }) => family === "ipv6"));
  const blocked4 = listOf(special4.map(network));
  const public6 = listOf(global6.map(network));
  const blocked6 = listOf(special6.map(network));

  const isAllowed4 = (address: string) => own4.check(address, "ipv4") || !blocked4.check(address, "ipv4");

  return (address) => {
    if (isIP(address) === 4) return isAllowed4(address);
    // With a zone it would be link-local.
    if (isIP(address) !== 6 || address.includes("%")) return false;
    const inside = embedded4(address);
    if (inside !== null) return isAllowed4(inside);
    return own6.check(address, "ipv6") ||
      public6.check(address, "ipv6") && !blocked6.check(address, "ipv6");
  };
};

/**
 * The IPv4 address that is meant by one of IPv6: mapped (`::ffff:0:0/96`, RFC 4291), or reached through NAT64 (`64:ff9b::/96`, RFC
 * 6052); `null` for any other.
 */
const embedded4 = (address: string): string | null => {
  const groups = groupsOf(address);
  const prefix = groups.slice(0, 6).join(":");
  if (prefix !== "0:0:0:0:0:ffff" && prefix !== "64:ff9b:0:0:0:0") return null;
  const bytes = groups.slice(6).map((group) => Number.parseInt(group, 16));
  return bytes.flatMap((pair) => [pair >> 8, pair & 0xff]).join(".");
};

/** The eight groups of an address of IPv6, in lower case and without leading zeros. */
const groupsOf = (address: string): ReadonlyArray<string> => {
  // As URLs are written, an IPv4 address at the end has become two groups.
  const [head = "", tail] = new URL(`http://[${address}]/`).hostname.slice(1, -1).split("::");
  const before = head === "" ? [] : head.split(":");
  if (tail === undefined) return before;
  const after = tail === "" ? [] : tail.split(":");
  return [...before, ...Array<string>(8 - before.length - after.length).fill("0"), ...after];
};

const network = (text: string): Network => {
  const read = readNetwork(text);
  if (read === null) throw new RangeError(`Not a network: ${text}`);
  return read;
};

const listOf = (networks: ReadonlyArray<Network>): BlockList => {
  const list = new BlockList();
  for (const { address, prefix, family } of networks) list.addSubnet(address, prefix, family);
  return list;
};
