package ports

import (
	"net"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSite(t *testing.T) {
	address := netip.MustParseAddr("127.64.99.98")
	site, err := Site(address)
	require.NoError(t, err)
	if listenable(address.String(), webPort) == nil {
		require.Equal(t, "127.64.99.98", site)
		taken, err := net.Listen("tcp", "127.64.99.98:80")
		require.NoError(t, err)
		defer taken.Close()
		if site, err = Site(address); err != nil {
			t.Fatal(err)
		}
	}
	at, err := netip.ParseAddrPort(site)
	require.NoError(t, err, "an address and a port: %s", site)
	require.Equal(t, address, at.Addr())
	require.GreaterOrEqual(t, at.Port(), uint16(first))
	require.NoError(t, listenable(at.Addr().String(), int(at.Port())))

	// An address that this machine lacks is replaced by one that it has.
	site, err = Site(netip.MustParseAddr("192.0.2.1"))
	require.NoError(t, err)
	require.Regexp(t, `^127\.0\.0\.1:\d+$`, site)
}
