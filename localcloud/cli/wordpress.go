package cli

import (
	"context"
	"fmt"

	"geo-wordpress/localcloud/wordpress"
)

// realWordPressHelp says what --real-wordpress does.
const realWordPressHelp = `--real-wordpress lets the real WordPress answer what the load balancer hands to the simulated WordPress pods: with PHP,
Apache, one TiDB for all regions, and each region's own volume and Syncthing, as the clusters declare them. It wants root,
the program that ` + "`make real-wordpress`" + ` builds, and the software that tools/conformance/install installs. It is
started once the WordPress pods of all regions are ready, is kept over stop and start, and ends with the last cluster;
--real-wordpress=false goes back to the simulated pages. Health checks, and what is lost by ` + "`localcloud fail`" + `,
stay simulated: a lost region's real WordPress runs on, and gets no requests.`

// program returns the path of the program that runs the real WordPress, and checks that it can; empty if unwanted.
func (c conditions) program(ctx context.Context) (string, error) {
	if !c.realWordPress {
		return "", nil
	}
	program, err := wordpress.Program()
	if err == nil {
		err = wordpress.Check(ctx, program)
	}
	if err != nil {
		return "", fmt.Errorf("%w\n(--real-wordpress=false starts without)", err)
	}
	return program, nil
}
