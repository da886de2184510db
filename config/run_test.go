package config_test

import (
	"encoding/base64"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"geo-wordpress/config"
	"geo-wordpress/config/configtest"
	"geo-wordpress/state"
)

func TestLoadRun(t *testing.T) {
	run := &pulumi.RunInfo{Project: configtest.Project, Config: configtest.Committed(t)}
	got, err := config.LoadRun(run, &state.State{})
	if want := load(t, run.Config); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	run.ConfigSecretKeys = []string{"gcp:credentials", "another:secret"} // keys of other namespaces may be secret
	if _, err := config.LoadRun(run, &state.State{}); err != nil {
		t.Error(err)
	}
}

// An encrypted value must not end up in plain text: neither in a resource nor in an error.
func TestEncryptedValuesAreRefusedAndNeverShown(t *testing.T) {
	const secret = "hunter2"
	for _, key := range []string{"geo-wordpress:site", "geo-wordpress:pdImage", "geo-wordpress:adminPassword", "gcp:project"} {
		values := configtest.Committed(t)
		values[key] = secret
		_, err := config.LoadRun(&pulumi.RunInfo{
			Project: configtest.Project, Config: values, ConfigSecretKeys: []string{key},
		}, &state.State{})
		if err == nil {
			t.Errorf("%s: accepted", key)
			continue
		}
		if !strings.Contains(err.Error(), key) || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: the error should name the key and not the value: %v", key, err)
		}
	}
}

// The value of an unknown key or field may be a password.
func TestUnknownValuesAreNeverShown(t *testing.T) {
	const secret = "hunter2"
	values := configtest.Committed(t)
	values["geo-wordpress:databasePassword"] = secret
	values["geo-wordpress:site"] = `{"title":"A site","adminUser":"editor","adminEmail":"editor@example.com","adminPassword":"` + secret + `"}`
	_, err := config.Load(values, configtest.Project)
	if err == nil || strings.Contains(err.Error(), secret) {
		t.Errorf("got %v", err)
	}
	for _, name := range []string{"databasePassword", "adminPassword"} {
		if err != nil && !strings.Contains(err.Error(), name) {
			t.Errorf("%s is not reported: %v", name, err)
		}
	}
}

// A key or a field may hold any characters, but each problem still takes one line.
func TestOddKeysStayOnTheirLine(t *testing.T) {
	values := configtest.Committed(t)
	values["geo-wordpress:two\nlines"] = "x"
	values["geo-wordpress:site"] = `{"\u001b[31mred\n":1}`
	_, err := config.Load(values, configtest.Project)
	if err == nil || strings.ContainsAny(err.Error(), "\x1b\r") {
		t.Fatalf("got %q", err)
	}
	if got, want := strings.Count(err.Error(), "\n"), len(err.(config.Problems)); got != want {
		t.Errorf("%d lines for %d problems: %v", got, want, err)
	}
}

func decodeBase64(t *testing.T, text string) []byte {
	t.Helper()
	bytes, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return bytes
}

// A disk that exists cannot shrink. Every smaller size is reported, together with all other mistakes.
func TestNoDiskShrinks(t *testing.T) {
	last := &state.State{Disks: []state.Disk{
		{Region: "europe-west1", Zone: "europe-west1-b", Role: "pd", SizeGiB: 10},
		{Region: "europe-west1", Zone: "europe-west1-b", Role: "tikv", SizeGiB: 40},
		{Region: "europe-west2", Zone: "europe-west2-b", Role: "tikv", SizeGiB: 30},
		{Region: "europe-west2", Zone: "europe-west2-b", Role: "files", SizeGiB: 11},
		{Region: "europe-west3", Zone: "europe-west3-c", Role: "pd", SizeGiB: 99},   // without a database, so it may move
		{Region: "europe-north1", Zone: "europe-north1-b", Role: "pd", SizeGiB: 99}, // of a region that is not configured
	}}
	values := configtest.Committed(t)
	values[configtest.Project+":machineType"] = "e2-huge"
	_, err := config.LoadRun(&pulumi.RunInfo{Project: configtest.Project, Config: values}, last)
	var problems config.Problems
	if !errors.As(err, &problems) || len(problems) != 3 {
		t.Fatalf("got %v, want three mistakes", err)
	}
	for i, want := range []string{
		"geo-wordpress:filesDiskGiB: 10: smaller than the disk of europe-west2 (11 GiB), and a persistent disk cannot shrink: " +
			"the update would replace it by an empty one; set 11 or more",
		"geo-wordpress:machineType: ",
		"geo-wordpress:tikvDiskGiB: 20: smaller than the disk of europe-west1 (40 GiB), europe-west2 (30 GiB), and a persistent " +
			"disk cannot shrink: the update would replace it by an empty one; set 40 or more",
	} {
		if got := problems[i].String(); !strings.HasPrefix(got, want) {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
	values = configtest.Committed(t)
	values[configtest.Project+":tikvDiskGiB"], values[configtest.Project+":filesDiskGiB"] = "40", "12"
	if _, err := config.LoadRun(&pulumi.RunInfo{Project: configtest.Project, Config: values}, last); err != nil {
		t.Error(err)
	}
}
