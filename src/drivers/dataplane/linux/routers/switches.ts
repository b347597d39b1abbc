/** The kernel's switches in a router's namespace, whatever this machine's own are. */

/**
 * Text for `sh -c`: sets them for what is there and what comes. $1 is the inner name of the gateway's link, or empty.
 *
 * - It forwards, and believes nobody: no advertisements, no redirects, no source routes. It sends no redirects either:
 *   what guests send by it is translated and judged.
 * - It answers for an address only where that is, speaks with none but the link's own, and tells neighbours when an
 *   address comes. Addresses are the network's gift: nobody is asked whether they are free.
 * - Nothing of IPv4 comes in by the gateway that says it is from inside. On internal networks there may be several ways.
 */
export const SET_SWITCHES = `
put() {
  value=$1
  shift
  for file in "$@"; do
    [ ! -e "$file" ] || echo "$value" >"$file" || exit 1
  done
}
cd /proc/sys/net || exit 1
put 1 ipv4/ip_forward ipv6/conf/all/forwarding
cd ipv4/conf
put 0 */rp_filter */send_redirects */accept_redirects */accept_source_route
put 1 */arp_ignore */arp_notify */promote_secondaries
put 2 */arp_announce
[ -z "$1" ] || put 1 "$1/rp_filter"
if cd ../../ipv6/conf 2>/dev/null; then
  put 0 */accept_ra */autoconf */accept_redirects */accept_dad */dad_transmits */disable_ipv6
  put 1 */ndisc_notify
fi
`;
