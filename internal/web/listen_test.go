package web

import (
	"fmt"
	"net"
	"testing"

	toolkit "github.com/prometheus/exporter-toolkit/web"
)

func TestListen(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	inUse := taken.Addr().String()

	for _, test := range []struct{ address, want string }{
		{inUse, "is in use: stop the program that listens there, or choose another address"},
		{"8000", "cannot be listened on: address 8000: missing port in address: write it like :8000 or 127.0.0.1:8000"},
		{"127.0.0.1:99999", "cannot be listened on: address 99999: invalid port: write it like :8000 or 127.0.0.1:8000"},
	} {
		free := "127.0.0.1:0"
		_, err := Listen(t.Context(), &toolkit.FlagConfig{WebListenAddresses: &[]string{free, test.address}}, "WEB_LISTEN_ADDRESS")
		if want := fmt.Sprintf("WEB_LISTEN_ADDRESS=%q %s", test.address, test.want); err == nil || err.Error() != want {
			t.Errorf("error %v, want %s", err, want)
		}
	}

	listeners, err := Listen(t.Context(), &toolkit.FlagConfig{WebListenAddresses: &[]string{"127.0.0.1:0", "127.0.0.1:0"}}, "")
	if err != nil || len(listeners) != 2 {
		t.Fatalf("%d listeners, error %v", len(listeners), err)
	}
	for _, l := range listeners {
		l.Close()
	}
}

func TestListenBySystemdWithoutSystemd(t *testing.T) {
	yes := true
	_, err := Listen(t.Context(), &toolkit.FlagConfig{WebSystemdSocket: &yes}, "")
	if want := "--web.systemd-socket: systemd has passed no socket: start it by a .socket unit, or set --web.listen-address instead"; err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}
