# Prints how the card with the MAC address `mac` is to be set up, from `values` that json.awk has read out of
# network_data.json: lines of `address`, `route`, `mtu` and `nameserver`, and `dhcp` when the card must also ask a DHCP server.
# Fails when the file gives the card no address; with 2 when it has no network for the card at all.
END {
  for (link = 0; ("links/" link "/id") in values; link++)
    if (tolower(values["links/" link "/ethernet_mac_address"]) == tolower(mac)) break
  if (!(("links/" link "/id") in values)) exit 2

  for (n = 0; ("networks/" n "/id") in values; n++) {
    if (values["networks/" n "/link"] != values["links/" link "/id"]) continue
    known = 1
    type = values["networks/" n "/type"]
    if (type == "ipv4_dhcp") dhcp = 1
    if (type == "ipv4" || type == "ipv6") card("networks/" n)
  }
  if (!addresses) exit (known ? 1 : 2)

  mtu = values["links/" link "/mtu"]
  if (mtu ~ /^[0-9]+$/) print "mtu " mtu
  # Routes need the address from which their gateway is reached.
  printf "%s%s", addresses, routes
  if (!servers) resolvers("services")
  printf "%s", servers
  if (dhcp) print "dhcp"
}

function card(at,    ip, r, to, gateway) {
  ip = values[at "/ip_address"]
  if (ip == "") return
  if (ip !~ /\//) ip = ip "/" prefix(values[at "/netmask"])
  addresses = addresses "address " ip "\n"
  for (r = 0; (at "/routes/" r "/network") in values; r++) {
    to = values[at "/routes/" r "/network"] "/" prefix(values[at "/routes/" r "/netmask"])
    gateway = values[at "/routes/" r "/gateway"]
    if (gateway ~ /^[0.:]*$/) gateway = ""
    routes = routes "route " to " " gateway "\n"
  }
  resolvers(at "/services")
}

function resolvers(at,    s, line) {
  for (s = 0; (at "/" s "/type") in values; s++) {
    line = "nameserver " values[at "/" s "/address"] "\n"
    if (values[at "/" s "/type"] == "dns" && !index(servers, line)) servers = servers line
  }
}

# How many bits a mask has that is written as 255.255.255.0, as ffff:ffff:: or as their number.
function prefix(mask,    groups, count, i, bits) {
  if (mask ~ /^[0-9]+$/) return mask
  count = split(mask, groups, /[.:]/)
  for (i = 1; i <= count; i++) bits += mask ~ /\./ ? ones(groups[i] + 0) : ones(hex(groups[i]))
  return bits + 0
}

function ones(number,    count) {
  for (count = 0; number > 0; number = int(number / 2)) count += number % 2
  return count
}
