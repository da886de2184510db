package software

import (
	"cmp"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"
)

// syncthing is a Syncthing instance.
type syncthing struct {
	ended
	home      string
	gui       hostPort
	listen    []hostPort
	peers     map[string]hostPort // addresses by device ID, if known
	connected map[string]bool
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
		Address string `xml:"address"`
	} `xml:"gui"`
	Options struct {
		Listen []string `xml:"listenAddress"`
	} `xml:"options"`
}

func newSyncthing(p *Process, args []string) Program {
	s := &syncthing{ended: ended{process: p}, peers: map[string]hostPort{}, connected: map[string]bool{}}
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		if args[0] != "serve" {
			s.exit = &Exit{Code: 0, Reason: args[0]} // generate, cli and the like finish at once
			return s
		}
		args = args[1:]
	}
	if err := s.configure(parseFlags(args)); err != nil {
		s.fail(1, err.Error())
	}
	return s
}

func (s *syncthing) configure(f flags) error {
	p := s.process
	s.home = f.last(cmp.Or(p.Env["STHOMEDIR"], p.Env["STCONFDIR"], p.Env["HOME"]+"/.config/syncthing"), "home", "config", "H", "C")
	// The image's own directory belongs to user 1000.
	if !p.Files.Writable(s.home) || p.Files.On(s.home) == Layer && p.User != 0 && p.User != 1000 {
		return fmt.Errorf("failed to create the home directory %s as user %d: permission denied", s.home, p.User)
	}
	var config syncthingConfig
	if content, err := p.Files.Read(path.Join(s.home, "config.xml")); err == nil && len(content) > 0 {
		if err := xml.Unmarshal(content, &config); err != nil {
			return fmt.Errorf("failed to load %s/config.xml: %w", s.home, err)
		}
	} else if err != nil {
		p.log("finds no %s/config.xml, and makes a new identity that no peer knows", s.home)
	}
	gui := cmp.Or(f.last("", "gui-address"), p.Env["STGUIADDRESS"], strings.TrimSpace(config.GUI.Address), "127.0.0.1:8384")
	if u, err := url.Parse(gui); err == nil && u.Host != "" {
		gui = u.Host
	}
	var err error
	if s.gui, err = parseHostPort(gui); err != nil {
		return fmt.Errorf("GUI: %w", err)
	}
	for _, address := range config.Options.Listen {
		if at, ok := tcpAddress(address); ok {
			s.listen = append(s.listen, at)
		}
	}
	if len(s.listen) == 0 {
		s.listen = []hostPort{{"0.0.0.0", 22000}}
	}
	for _, device := range config.Devices {
		for _, address := range device.Addresses {
			if at, ok := tcpAddress(address); ok {
				s.peers[device.ID] = at
			}
		}
	}
	for _, folder := range config.Folders {
		if p.Files.On(folder.Path) == Layer {
			p.log("folder %s: path %s is on no volume", folder.ID, folder.Path)
		}
	}
	return nil
}

// tcpAddress parses an address such as tcp://host:22000. ("default" and "dynamic" are not addresses.)
func tcpAddress(s string) (hostPort, bool) {
	u, err := url.Parse(strings.TrimSpace(s))
	if err != nil || !strings.HasPrefix(u.Scheme, "tcp") {
		return hostPort{}, false
	}
	host := u.Host
	if u.Port() == "" {
		host += ":22000"
	}
	at, err := parseHostPort(host)
	return at, err == nil
}

func (s *syncthing) Step(now time.Time, network Network) {
	if s.over(now) {
		return
	}
	if s.upAt.IsZero() {
		s.upAt = now.Add(s.process.Pace.Of(time.Second))
		if s.process.Adopted {
			s.upAt = now
		}
	}
	s.up = !now.Before(s.upAt)
	if !s.up {
		return
	}
	for device, address := range s.peers {
		remote, err := network.Dial(address.host, address.port)
		_, ok := innermost(remote.Program).(*syncthing)
		if connected := err == nil && ok; connected != s.connected[device] {
			s.connected[device] = connected
			s.process.log("device %s: connected %v", short(device), connected)
		}
	}
}

func short(device string) string {
	first, _, _ := strings.Cut(device, "-")
	return first
}

func (s *syncthing) Accepts(port int, local bool) bool {
	return s.up && s.exit == nil && accepts(append([]hostPort{s.gui}, s.listen...), port, local)
}

func (s *syncthing) Answer(port int, r Request, _ Network) Response {
	name, _, _ := strings.Cut(r.Path, "?")
	switch {
	case port != s.gui.port:
		return Response{Status: 400}
	case name == "/rest/noauth/health":
		return Response{Status: 200, Body: `{"status": "OK"}`}
	case name == "/rest/system/connections":
		return Response{Status: 200, Body: s.connections()}
	case name == "/" || strings.HasPrefix(name, "/rest/"):
		return Response{Status: 200}
	}
	return Response{Status: 404}
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

// Connected lists the devices that it is connected to, in order.
func (s *syncthing) Connected() []string {
	var list []string
	for device, connected := range s.connected {
		if connected {
			list = append(list, device)
		}
	}
	slices.Sort(list)
	return list
}

func (s *syncthing) Stop(now time.Time) { s.leave(now, time.Second) }
