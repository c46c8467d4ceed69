package web

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"syscall"

	"github.com/coreos/go-systemd/v22/activation"
	"github.com/mdlayher/vsock"
	toolkit "github.com/prometheus/exporter-toolkit/web"
)

// Listen opens what the flags name, all or nothing; an error calls the addresses by
// the setting's name. It is apart from serving, so that an address in use is known
// before anything else begins.
func Listen(ctx context.Context, flags *toolkit.FlagConfig, setting string) ([]net.Listener, error) {
	if flags.WebSystemdSocket != nil && *flags.WebSystemdSocket {
		return systemdListeners()
	}
	var listeners []net.Listener
	for _, address := range *flags.WebListenAddresses {
		l, err := listen(ctx, address)
		if err != nil {
			for _, open := range listeners {
				open.Close()
			}
			return nil, fmt.Errorf("%s=%q %w", setting, address, explain(err))
		}
		listeners = append(listeners, l)
	}
	return listeners, nil
}

func systemdListeners() ([]net.Listener, error) {
	listeners, err := activation.Listeners()
	if err == nil && len(listeners) == 0 {
		err = errors.New("systemd has passed no socket: start it by a .socket unit, or set --web.listen-address instead")
	}
	if err != nil {
		return nil, fmt.Errorf("--web.systemd-socket: %w", err)
	}
	return listeners, nil
}

func listen(ctx context.Context, address string) (net.Listener, error) {
	if !strings.HasPrefix(address, "vsock://") {
		return new(net.ListenConfig).Listen(ctx, "tcp", address)
	}
	u, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	port, err := strconv.ParseUint(u.Port(), 10, 32)
	if err != nil {
		return nil, err
	}
	return vsock.Listen(uint32(port), nil)
}

// explain completes a sentence that begins with the address.
func explain(err error) error {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return errors.New("is in use: stop the program that listens there, or choose another address")
	case errors.Is(err, syscall.EACCES):
		return errors.New("is not permitted: choose a port from 1024 on")
	}
	if op, ok := errors.AsType[*net.OpError](err); ok {
		err = op.Err // without the address, which has been told
	}
	return fmt.Errorf("cannot be listened on: %w: write it like :8000 or 127.0.0.1:8000", err)
}
