package cli

import (
	"context"
	"fmt"

	"geo-wordpress/localcloud/realsite"
)

// realWordPressHelp says what --real-wordpress does.
const realWordPressHelp = `--real-wordpress lets the real WordPress answer the requests that the load balancer sends to the simulated WordPress pods.
It runs PHP, Apache, one TiDB for all regions, and each region's own volume and Syncthing, as the clusters declare them. It
needs root, the program that ` + "`make real-wordpress`" + ` builds, and the software that tools/conformance/install
installs. It starts once the WordPress pods of all regions are ready, and ends with the last cluster. The next start keeps
this choice; --real-wordpress=false reverts it. Health checks and ` + "`localcloud fail`" + ` stay simulated: a lost
region's real WordPress keeps running, but gets no requests.`

// program returns the path of the program that runs the real WordPress, after checking that it can run. It is empty if
// the simulated pages are wanted.
func (s startOptions) program(ctx context.Context) (string, error) {
	if !s.realWordPress {
		return "", nil
	}
	program, err := realsite.Program()
	if err == nil {
		err = realsite.Check(ctx, program)
	}
	if err != nil {
		return "", fmt.Errorf("%w\n(--real-wordpress=false starts without it)", err)
	}
	return program, nil
}
