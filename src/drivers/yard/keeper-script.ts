/** What the keeper does inside its new namespaces before it falls asleep, as text for `sh -c`. */

/** Where the cloud's state directory is found inside the yard: short enough for unix sockets. */
export const YARD_STATE_DIR = '/run/stackyard';

/** The yard's own network namespace, kept as a file so that any process inside leads back to it. */
export const YARD_NET_FILE = '/run/yard.net';

/** In the keeper's environment, to tell it from everything else that lives in the yard. */
export const KEEPER_MARK = 'STACKYARD_KEEPER';

/**
 * The last words of both scripts. The keeper says `ready` and stays only when it is told `go`:
 * a maker that is killed before it has written down the keeper's pid leaves nothing behind.
 */
const SLEEP = `
cd /
echo ready
read -r go || exit 0
exec sleep infinity </dev/null >/dev/null 2>&1
`;

/**
 * Furnishes a fresh network and mount namespace.
 * $1 is the state directory; then come device nodes to open to everybody, three words each: path,
 * major, minor. Values are arguments and never part of the text.
 */
export const MAKE_YARD = `
set -eu
state=$1
shift
cd "$state"
mount -t tmpfs -o mode=0755,nosuid stackyard /run
mkdir -p /run/netns /run/dev ${YARD_STATE_DIR}
# The state directory may itself be under /run, which is hidden now: "." still leads there.
mount --no-canonicalize --bind . ${YARD_STATE_DIR}
: >${YARD_NET_FILE}
mount --bind /proc/self/ns/net ${YARD_NET_FILE}

# Some containers forbid a sysfs of one's own; nothing depends on it but people's curiosity.
if [ -d /sys/fs/cgroup ] && mkdir /run/cgroup && mount --rbind /sys/fs/cgroup /run/cgroup; then
  mount -t sysfs sysfs /sys && mount --move /run/cgroup /sys/fs/cgroup || :
fi 2>/dev/null

# The nodes live on this yard's tmpfs and cover the host's in this mount namespace only.
while [ $# -ge 3 ]; do
  node=/run/dev/\${1##*/}
  if mknod -m 0666 "$node" c "$2" "$3" 2>/dev/null; then mount --bind "$node" "$1"; fi
  shift 3
done

# The yard switches frames for tenants; it never speaks on their networks itself.
put() { [ ! -e "$1" ] || echo "$2" >"$1"; }
put /proc/sys/net/ipv6/conf/default/disable_ipv6 1
put /proc/sys/net/ipv6/conf/default/accept_ra 0
put /proc/sys/net/ipv4/ip_forward 0
# With br_netfilter loaded, bridges would look into packets and drop the odd ones.
put /proc/sys/net/bridge/bridge-nf-call-iptables 0
put /proc/sys/net/bridge/bridge-nf-call-ip6tables 0
put /proc/sys/net/bridge/bridge-nf-call-arptables 0
ip link set lo up
${SLEEP}`;

/** Joins a yard whose keeper has died, and keeps it from now on. */
export const JOIN_YARD = SLEEP;
