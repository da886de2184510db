package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// patience is how long a program or an API may take to answer.
const patience = 15 * time.Second

// leastGo is the program's go.mod's version.
var leastGo = [2]int{1, 24}

// tools checks the programs on the PATH, and says whether Pulumi can be run.
func (d *doctor) tools(ctx context.Context) (pulumi bool) {
	// The engine's switch for providers that are already running.
	if d.environment("PULUMI_DEBUG_PROVIDERS") != "" {
		d.fail("shell", "it is set up for the local cloud", "open another shell, without eval \"$(make env)\"")
	}
	if version, err := d.run(ctx, ".", "pulumi", "version"); err != nil {
		d.fail("pulumi", notRun(err), "https://www.pulumi.com/docs/install/")
	} else {
		pulumi = true
		d.ok("pulumi", firstNonEmpty(version, "a version of its own"))
	}
	if version, err := d.run(ctx, ".", "go", "env", "GOVERSION"); err != nil {
		d.fail("go", notRun(err), "https://go.dev/doc/install")
	} else if found, ok := versionOf(version); ok && (found[0] < leastGo[0] || found[0] == leastGo[0] && found[1] < leastGo[1]) {
		d.fail("go", fmt.Sprintf("%s is older than go%d.%d", version, leastGo[0], leastGo[1]), "https://go.dev/doc/install")
	} else {
		d.ok("go", version)
	}
	if version, err := d.run(ctx, ".", "gke-gcloud-auth-plugin", "--version"); err != nil {
		d.fail("gke-gcloud-auth-plugin", notRun(err), component("gke-gcloud-auth-plugin", "google-cloud-cli-gke-gcloud-auth-plugin"))
	} else {
		d.ok("gke-gcloud-auth-plugin", version)
	}
	for _, optional := range []struct{ program, arguments, uses, remedy string }{
		{"gcloud", "version", "the commands in docs/ use it", "https://cloud.google.com/sdk/docs/install"},
		{"kubectl", "version --client", "the commands in docs/ use it; Pulumi does not", component("kubectl", "kubectl")},
	} {
		version, err := d.run(ctx, ".", optional.program, strings.Fields(optional.arguments)...)
		if err != nil {
			d.warn(optional.program, notRun(err)+"; "+optional.uses, optional.remedy)
			continue
		}
		d.ok(optional.program, strings.SplitN(version, "\n", 2)[0])
	}
	return pulumi
}

// component is how to install a component of gcloud. A gcloud that came from a package has its components as packages.
func component(name, packaged string) string {
	return "gcloud components install " + name + "; where gcloud came from apt or dnf, the package " + packaged
}

// backend checks that Pulumi has a place for its state.
func (d *doctor) backend(ctx context.Context, pulumi bool) {
	if !pulumi {
		d.skip("state", "needs pulumi", "")
		return
	}
	who, err := d.run(ctx, d.directory, "pulumi", "whoami", "--non-interactive", "--verbose")
	if err != nil {
		d.fail("state", "Pulumi has no backend for its state: "+firstLine(err.Error()), "pulumi login, or for a bucket of your own: pulumi login gs://BUCKET")
		return
	}
	d.ok("state", "the backend is "+backendURL(who))
	if d.settings == nil {
		return
	}
	exported, err := d.run(ctx, d.directory, "pulumi", "stack", "export", "--stack", d.stack)
	switch {
	case err == nil:
		d.held = heldBy([]byte(exported))
	case !strings.Contains(err.Error(), "no stack named"):
		d.warn("state of the stack", firstLine(err.Error()), "the quotas below are checked as if the stack held nothing")
	}
}

// secrets checks with what the stack's secrets are encrypted.
func (d *doctor) secrets() {
	const check = "secrets"
	switch s := d.settings; {
	case s == nil:
		d.skip(check, "needs the stack", "")
	case s.publicSalt:
		d.fail(check, "they are encrypted with the local cloud's passphrase, which everybody knows", "a stack of your own: pulumi stack init prod --secrets-provider gcpkms://projects/P/locations/L/keyRings/R/cryptoKeys/K")
	case s.secretsProvider != "" && s.secretsProvider != "passphrase" && s.secretsProvider != "default":
		d.ok(check, "encrypted with "+s.secretsProvider)
	case s.ownPassphrase:
		d.warn(check, "encrypted with a passphrase: whoever has it and the state reads every password", "pulumi stack change-secrets-provider gcpkms://...")
	default:
		d.ok(check, "encrypted by the backend, or not set up yet")
	}
}

// run runs a program and returns its output. The error holds what the program wrote.
func run(ctx context.Context, directory, program string, arguments ...string) (string, error) {
	path, err := exec.LookPath(program)
	if err != nil {
		return "", errNotFound
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	command := exec.CommandContext(ctx, path, arguments...)
	command.Dir = directory
	command.WaitDelay = time.Second
	command.Env = append(os.Environ(), "PULUMI_SKIP_UPDATE_CHECK=true", "CLOUDSDK_CORE_DISABLE_PROMPTS=1")
	output, err := command.Output()
	if ctx.Err() != nil {
		return "", fmt.Errorf("no answer within %s", patience)
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return "", fmt.Errorf("%s", strings.TrimSpace(string(exit.Stderr)))
	}
	return strings.TrimSpace(string(output)), err
}

var errNotFound = errors.New("not on the PATH")

func notRun(err error) string {
	if errors.Is(err, errNotFound) {
		return err.Error()
	}
	return "does not run: " + firstLine(err.Error())
}

func firstLine(text string) string { return strings.SplitN(strings.TrimSpace(text), "\n", 2)[0] }

var goVersion = regexp.MustCompile(`go(\d+)\.(\d+)`)

func versionOf(text string) (version [2]int, ok bool) {
	match := goVersion.FindStringSubmatch(text)
	if match == nil {
		return version, false
	}
	version[0], _ = strconv.Atoi(match[1])
	version[1], _ = strconv.Atoi(match[2])
	return version, true
}

// backendURL is the line of `pulumi whoami --verbose` that names the backend.
func backendURL(who string) string {
	for _, line := range strings.Split(who, "\n") {
		if url, ok := strings.CutPrefix(line, "Backend URL: "); ok {
			return url
		}
	}
	return firstLine(who)
}
