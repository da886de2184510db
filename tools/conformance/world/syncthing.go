package world

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/url"
	"strings"
	"time"

	"geo-wordpress/tools/conformance/declared"
	"geo-wordpress/tools/conformance/kubelet"
)

// SyncthingConfig is the part of a region's declared config.xml that tests need.
type SyncthingConfig struct {
	Folders []struct {
		ID   string `xml:"id,attr"`
		Path string `xml:"path,attr"`
	} `xml:"folder"`
	GUI struct {
		Address string `xml:"address"`
		APIKey  string `xml:"apikey"`
	} `xml:"gui"`
}

// SyncthingConfig returns a region's declared configuration.
func (w *World) SyncthingConfig(region *declared.Region) (c SyncthingConfig) {
	w.t.Helper()
	for _, secret := range region.Secrets {
		if text, ok := secret.Data["config.xml"]; ok {
			if err := xml.Unmarshal(text, &c); err != nil {
				w.t.Fatal(err)
			}
			return c
		}
	}
	w.t.Fatalf("%s declares no config.xml", region.Name)
	return c
}

// AskSyncthing calls a daemon's REST API from inside its pod, and decodes the JSON answer.
func (w *World) AskSyncthing(pod *kubelet.Pod, path string, into any) error {
	c := w.SyncthingConfig(pod.Region)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	code, output, err := pod.Exec(ctx, "syncthing", "curl", "-sS", "--fail-with-body", "-m", "50",
		"-H", "X-API-Key: "+c.GUI.APIKey, "http://127.0.0.1:8384/rest/"+path)
	if err != nil {
		return err
	}
	if code != 0 {
		return fmt.Errorf("asking Syncthing in %s for %s: curl ended with %d: %s", pod.Region.Name, path, code, output)
	}
	return json.Unmarshal([]byte(output), into)
}

// InSync returns why regions' Syncthings are not in the same state: not connected, busy, stopped, or in need of files.
func (w *World) InSync(pods ...*kubelet.Pod) error {
	var wait []string
	for _, pod := range pods {
		var connections struct {
			Connections map[string]struct{ Connected bool }
		}
		if err := w.AskSyncthing(pod, "system/connections", &connections); err != nil {
			return err
		}
		for _, other := range pods {
			id := w.Stack.Output("syncthing_devices", other.Region.Name)
			if other != pod && !connections.Connections[id].Connected {
				wait = append(wait, fmt.Sprintf("%s is not connected with %s", pod.Region.Name, other.Region.Name))
			}
		}
		folder := url.QueryEscape(w.SyncthingConfig(pod.Region).Folders[0].ID)
		var status struct {
			State          string
			Error          string
			PullErrors     int
			NeedTotalItems int
		}
		if err := w.AskSyncthing(pod, "db/status?folder="+folder, &status); err != nil {
			return err
		}
		if status.State != "idle" || status.NeedTotalItems > 0 || status.PullErrors > 0 {
			wait = append(wait, fmt.Sprintf("%s: %+v", pod.Region.Name, status))
		}
	}
	if len(wait) > 0 {
		return fmt.Errorf("%s", strings.Join(wait, "; "))
	}
	return nil
}
