package main

import (
	"net"
	"os"
	"runtime"
	"syscall"
)

// Linux' setns, which package syscall does not name.
var setnsNumber = map[string]uintptr{"amd64": 308, "arm64": 268}

func setns(namespace *os.File) error {
	_, _, failed := syscall.RawSyscall(setnsNumber[runtime.GOARCH], namespace.Fd(),
		syscall.CLONE_NEWNET, 0)
	if failed != 0 {
		return failed
	}
	return nil
}

// listenIn listens in another network namespace (a file as `ip netns` makes it), or in ours for "".
// A socket belongs to the namespace it was made in: what is accepted there needs no way out of it.
func listenIn(namespace, address string) (net.Listener, error) {
	if namespace == "" {
		return net.Listen("tcp", address)
	}
	there, err := os.Open(namespace)
	if err != nil {
		return nil, err
	}
	defer there.Close()
	// A thread that cannot be brought back stays locked and ends with its goroutine.
	runtime.LockOSThread()
	here, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		return nil, err
	}
	defer here.Close()
	if err := setns(there); err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", address)
	if back := setns(here); back != nil {
		return nil, back
	}
	runtime.UnlockOSThread()
	return listener, err
}
