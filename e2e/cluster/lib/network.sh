# shellcheck shell=bash disable=SC2154,SC2034
# The network namespace of tier 2. Source it after process.sh; needs netns node_address dns_address
# service_range. Nothing is changed in the machine's own namespace: no link, no route, no rule.

# Not `ip netns exec`: that mounts a fresh /sys over the one with the cgroups, and kubelet fails.
enter=(nsenter --net="/run/netns/$netns")

network_exists() { [[ -e /run/netns/$netns ]]; }

create_network() {
  if [[ ! -d /proc/sys/net/bridge ]]; then modprobe br_netfilter; fi
  ip netns add "$netns"
  "${enter[@]}" bash -euo pipefail -s "$node_address" "$dns_address" "$service_range" <<'END'
    ip link set lo up
    # A bridge without ports carries the node's addresses; this kernel may have no dummy links.
    ip link add slipway0 type bridge
    ip address add "$1/32" dev slipway0
    ip address add "$2/32" dev slipway0
    ip link set slipway0 up
    # There is no default route: without this one, connecting to a Service fails before the rules
    # of kube-proxy can rewrite the address.
    ip route add "$3" dev slipway0 src "$1"
    echo 1 >/proc/sys/net/ipv4/ip_forward
    # Answers between two pods of the node have to pass the rules, too.
    echo 1 >/proc/sys/net/bridge/bridge-nf-call-iptables
END
}

# Deletes the name; the namespace ends with its last process. Says who still lives in it.
delete_network() {
  network_exists || return 0
  local inode process
  inode=$(stat -Lc %i "/run/netns/$netns")
  for process in /proc/[0-9]*; do
    if [[ $(stat -Lc %i "$process/ns/net" 2>/dev/null) == "$inode" ]]; then
      say "still in the network namespace: ${process##*/} $(tr '\0' ' ' <"$process/cmdline" || true)"
    fi
  done
  ip netns delete "$netns"
}
