package sandbox

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// Address is one of the loopback interface inside: a kubelet takes no address in 127.0.0.0/8.
const Address = "10.88.0.1"

// initialize is the first process inside: it makes the sandbox, starts the program, and waits
// for everything that ends here, as all processes without a parent become its own.
func initialize() (int, error) {
	if err := enter(strings.Split(os.Getenv(cgroupVariable), ":")); err != nil {
		return 0, fmt.Errorf("enter cgroups: %w", err)
	}
	// From here on they are the roots of what this process and its children see.
	if err := unix.Unshare(unix.CLONE_NEWCGROUP); err != nil {
		return 0, fmt.Errorf("make a namespace of cgroups: %w", err)
	}
	if err := mount(); err != nil {
		return 0, err
	}
	if err := network(); err != nil {
		return 0, fmt.Errorf("set up the loopback interface: %w", err)
	}
	env := slices.DeleteFunc(os.Environ(), func(v string) bool {
		return strings.HasPrefix(v, roleVariable+"=") || strings.HasPrefix(v, cgroupVariable+"=")
	})
	program, err := syscall.ForkExec("/proc/self/exe", os.Args, &syscall.ProcAttr{
		Env:   append(env, roleVariable+"="+insideRole),
		Files: []uintptr{0, 1, 2},
	})
	if err != nil {
		return 0, err
	}
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, 0, nil)
		switch {
		case errors.Is(err, syscall.EINTR):
		case err != nil:
			return 0, err
		case pid == program && status.Signaled():
			return 0, fmt.Errorf("the program was ended by signal %q", status.Signal())
		case pid == program:
			return status.ExitStatus(), nil
		}
	}
}

// tunables are what a kubelet sets for the whole machine, unless it is set already. Inside it
// is.
func tunables() map[string]string {
	return map[string]string{
		"vm/overcommit_memory":      "1",
		"vm/panic_on_oom":           "0",
		"kernel/panic":              "10",
		"kernel/panic_on_oops":      "1",
		"kernel/keys/root_maxkeys":  "1000000",
		"kernel/keys/root_maxbytes": "25000000",
	}
}

// mount mounts what the sandbox has of its own.
func mount() error {
	type filesystem struct{ source, target, kind, data string }
	all := []filesystem{
		{"proc", "/proc", "proc", ""},
		{"tmpfs", mountPoint, "tmpfs", "mode=755"},
		{"tmpfs", "/run", "tmpfs", "mode=755"},
		{"tmpfs", "/var/log", "tmpfs", "mode=755"},
	}
	for _, h := range hierarchies() {
		data := h
		if h == "systemd" {
			data = "none,name=" + h
		}
		all = append(all, filesystem{"cgroup", filepath.Join(mountPoint, h), "cgroup", data})
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("make mounts private: %w", err)
	}
	// Programs that look for cgroups would find those of outside first.
	if err := unix.Unmount(mountPoint, unix.MNT_DETACH); err != nil {
		return fmt.Errorf("unmount %s: %w", mountPoint, err)
	}
	for _, m := range all {
		if err := os.MkdirAll(m.target, 0o755); err != nil {
			return err
		}
		if err := unix.Mount(m.source, m.target, m.kind, 0, m.data); err != nil {
			return fmt.Errorf("mount %s: %w", m.target, err)
		}
	}
	for name, value := range tunables() {
		file, target := filepath.Join("/run", "tunables", name), filepath.Join("/proc/sys", name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(file, []byte(value), 0o600); err != nil {
			return err
		}
		if err := unix.Mount(file, target, "", unix.MS_BIND, ""); err != nil {
			return fmt.Errorf("mount %s: %w", target, err)
		}
	}
	return nil
}

// network gives the loopback interface another address, and brings it up.
func network() error {
	socket, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
	if err != nil {
		return err
	}
	defer unix.Close(socket)
	if err := bringUp(socket, "lo"); err != nil {
		return err
	}
	address := netip.MustParseAddr(Address).As4()
	alias, err := unix.NewIfreq("lo:1")
	if err != nil {
		return err
	}
	if err := alias.SetInet4Addr(address[:]); err != nil {
		return err
	}
	return unix.IoctlIfreq(socket, unix.SIOCSIFADDR, alias)
}

func bringUp(socket int, name string) error {
	flags, err := unix.NewIfreq(name)
	if err != nil {
		return err
	}
	if err := unix.IoctlIfreq(socket, unix.SIOCGIFFLAGS, flags); err != nil {
		return err
	}
	flags.SetUint16(flags.Uint16() | unix.IFF_UP)
	return unix.IoctlIfreq(socket, unix.SIOCSIFFLAGS, flags)
}
