package syncthing

import (
	"cmp"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"maps"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"

	"geo-wordpress/localcloud/machines/software"
)

// syncthing is a Syncthing instance.
type syncthing struct {
	software.Lifecycle
	home      string
	gui       software.HostPort
	listen    []software.HostPort
	peers     map[string]software.HostPort // addresses by device ID, if known
	connected map[string]bool
	metrics   bool // without the API key
	upAt      time.Time
	up        bool
}

// syncthingConfig is the part of config.xml that the model uses.
type syncthingConfig struct {
	Version int `xml:"version,attr"`
	Folders []struct {
		ID   string `xml:"id,attr"`
		Path string `xml:"path,attr"`
	} `xml:"folder"`
	Devices []struct {
		ID        string   `xml:"id,attr"`
		Addresses []string `xml:"address"`
	} `xml:"device"`
	GUI struct {
		Address            string `xml:"address"`
		MetricsWithoutAuth bool   `xml:"metricsWithoutAuth"`
	} `xml:"gui"`
	Options struct {
		Listen []string `xml:"listenAddress"`
	} `xml:"options"`
}

// New starts an instance.
func New(p *software.Process, args []string) software.Program {
	s := &syncthing{Lifecycle: software.Lifecycle{Process: p}, peers: map[string]software.HostPort{}, connected: map[string]bool{}}
	if err := s.configure(software.ParseFlags(args)); err != nil {
		s.Fail(1, err.Error())
	}
	return s
}

func (s *syncthing) configure(f software.Flags) error {
	p := s.Process
	s.home = f.Last(cmp.Or(p.Env["STHOMEDIR"], p.Env["STCONFDIR"], p.Env["HOME"]+"/.config/syncthing"), "home", "config", "H", "C")
	// The image's own directory belongs to user 1000.
	if !p.Files.Writable(s.home) || p.Files.On(s.home) == software.Layer && p.User != 0 && p.User != 1000 {
		return fmt.Errorf("failed to create the home directory %s as user %d: permission denied", s.home, p.User)
	}
	var config syncthingConfig
	if content, err := p.Files.Read(path.Join(s.home, "config.xml")); err == nil && len(content) > 0 {
		if err := xml.Unmarshal(content, &config); err != nil {
			return fmt.Errorf("failed to load %s/config.xml: %w", s.home, err)
		}
	} else if err != nil {
		p.Log("finds no %s/config.xml, and makes a new identity that no peer knows", s.home)
	}
	gui := cmp.Or(f.Last("", "gui-address"), p.Env["STGUIADDRESS"], strings.TrimSpace(config.GUI.Address), "127.0.0.1:8384")
	if u, err := url.Parse(gui); err == nil && u.Host != "" {
		gui = u.Host
	}
	var err error
	if s.gui, err = software.ParseHostPort(gui); err != nil {
		return fmt.Errorf("GUI: %w", err)
	}
	s.metrics = config.GUI.MetricsWithoutAuth
	for _, address := range config.Options.Listen {
		if at, ok := tcpAddress(address); ok {
			s.listen = append(s.listen, at)
		}
	}
	if len(s.listen) == 0 {
		s.listen = []software.HostPort{{Host: "0.0.0.0", Port: 22000}}
	}
	for _, device := range config.Devices {
		for _, address := range device.Addresses {
			if at, ok := tcpAddress(address); ok {
				s.peers[device.ID] = at
			}
		}
	}
	for _, folder := range config.Folders {
		if p.Files.On(folder.Path) == software.Layer {
			p.Log("folder %s: path %s is on no volume", folder.ID, folder.Path)
		}
	}
	return nil
}

// tcpAddress parses an address such as tcp://host:22000. ("default" and "dynamic" are not addresses.)
func tcpAddress(s string) (software.HostPort, bool) {
	u, err := url.Parse(strings.TrimSpace(s))
	if err != nil || !strings.HasPrefix(u.Scheme, "tcp") {
		return software.HostPort{}, false
	}
	host := u.Host
	if u.Port() == "" {
		host += ":22000"
	}
	at, err := software.ParseHostPort(host)
	return at, err == nil
}

func (s *syncthing) Step(now time.Time, network software.Network) {
	if s.Over(now) {
		return
	}
	if s.upAt.IsZero() {
		s.upAt = s.Process.ReadyAt(now, time.Second)
	}
	s.up = !now.Before(s.upAt)
	if !s.up {
		return
	}
	for device, address := range s.peers {
		_, err := software.Connect[*syncthing](network, address)
		if connected := err == nil; connected != s.connected[device] {
			s.connected[device] = connected
			s.Process.Log("device %s: connected %v", short(device), connected)
		}
	}
}

func short(device string) string {
	first, _, _ := strings.Cut(device, "-")
	return first
}

func (s *syncthing) Accepts(port int, local bool) bool {
	return s.up && s.Exit() == nil && software.Accepts(append([]software.HostPort{s.gui}, s.listen...), port, local)
}

func (s *syncthing) Answer(port int, r software.Request, _ software.Network) software.Response {
	name, _, _ := strings.Cut(r.Path, "?")
	switch {
	case port != s.gui.Port:
		return software.Response{Status: 400}
	case name == "/rest/noauth/health":
		return software.Response{Status: 200, Body: `{"status": "OK"}`}
	case name == "/rest/system/connections":
		return software.Response{Status: 200, Body: s.connections()}
	case name == "/metrics" && s.metrics:
		return software.Response{Status: 200, Body: s.exposition()}
	case name == "/metrics":
		return software.Response{Status: 403} // without the API key
	case name == "/" || strings.HasPrefix(name, "/rest/"):
		return software.Response{Status: 200}
	}
	return software.Response{Status: 404}
}

// exposition is a few of its metrics in Prometheus' text format.
func (s *syncthing) exposition() string {
	var b strings.Builder
	b.WriteString("# TYPE syncthing_connections_active gauge\n")
	for _, device := range slices.Sorted(maps.Keys(s.peers)) {
		active := 0
		if s.connected[device] {
			active = 1
		}
		fmt.Fprintf(&b, "syncthing_connections_active{device=%q} %d\n", device, active)
	}
	return b.String()
}

func (s *syncthing) connections() string {
	type state struct {
		Connected bool `json:"connected"`
	}
	all := map[string]state{}
	for device := range s.peers {
		all[device] = state{s.connected[device]}
	}
	text, err := json.Marshal(map[string]any{"connections": all})
	if err != nil {
		return ""
	}
	return string(text)
}

func (s *syncthing) Stop(now time.Time) { s.Leave(now, time.Second) }

// State says how many peers are connected.
func (s *syncthing) State() software.State {
	hosts := map[string]bool{}
	for device, connected := range s.connected {
		if connected {
			hosts[s.peers[device].Host] = true
		}
	}
	word := fmt.Sprintf("%d of %d peers", len(hosts), len(s.peers))
	if len(s.peers) == 0 && s.Process.Adopted {
		word = "peers unknown" // the restart lost its modelled files
	}
	return software.State{Kind: "syncthing", Word: word, Peers: slices.Sorted(maps.Keys(hosts))}
}
