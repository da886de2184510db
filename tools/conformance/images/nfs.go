package images

import (
	_ "embed"

	"geo-wordpress/tools/conformance/kubelet"
	"geo-wordpress/tools/conformance/sandbox"
)

//go:embed files/nfs-provisioner
var provisioner string

// nfsProvisioner is the NFS provisioner's image: NFS-Ganesha with its helpers, and a script in place of the
// provisioner.
func nfsProvisioner() *kubelet.Image {
	return &kubelet.Image{
		Root: sandbox.Root{
			Machine:     system,
			Directories: []string{"/var/lib/nfs/ganesha", "/var/lib/nfs/sm", "/var/lib/nfs/sm.bak", "/export"},
			Files:       map[string]sandbox.File{"/nfs-provisioner": {Text: provisioner, Mode: 0o755}},
			Links:       map[string]string{"/var/run": "/run"},
		},
		Env:        []string{defaultPath},
		Entrypoint: []string{"/nfs-provisioner"},
	}
}
