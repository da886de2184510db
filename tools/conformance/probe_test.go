package conformance_test

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"geo-wordpress/ports"
	"geo-wordpress/tools/conformance/kubelet"
	"geo-wordpress/tools/conformance/world"
)

// probePlugin is a test plugin that does in WordPress what plugins do.
//
//go:embed testdata/probe.php
var probePlugin []byte

// putPlugin puts a plugin of one file on a region's volume.
func putPlugin(t *testing.T, w *world.World, region, name string, code []byte) {
	t.Helper()
	put(t, filepath.Join(w.Files(region), "plugins", name, name+".php"), code)
}

// activate makes plugins of one file the site's only active ones.
func activate(t *testing.T, w *world.World, tidb *kubelet.Pod, names ...string) {
	t.Helper()
	var list bytes.Buffer
	fmt.Fprintf(&list, "a:%d:{", len(names))
	for i, name := range names {
		file := name + "/" + name + ".php"
		fmt.Fprintf(&list, "i:%d;s:%d:%q;", i, len(file), file)
	}
	list.WriteString("}")
	db := w.Database(tidb, "root", w.Stack.Output("database", "rootPassword"))
	if _, err := db.Exec("UPDATE wordpress.wp_options SET option_value = ? WHERE option_name = 'active_plugins'", list.String()); err != nil {
		t.Fatal(err)
	}
}

// probe sends a request to the test plugin, and decodes its answer.
func probe(t *testing.T, pod *kubelet.Pod, what string, body, into any) {
	t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	url := "http://" + net.JoinHostPort(pod.Network.Address.String(), strconv.Itoa(ports.HTTP)) + "/?geo_probe=" + what
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err == nil {
		err = json.Unmarshal(answer, into)
	}
	if err != nil {
		t.Fatalf("%s: %s: %v in %.2000s", what, response.Status, err, answer)
	}
}
