package syncthing

import (
	"strconv"

	"geo-wordpress/components/internal/objectmeta"
	"geo-wordpress/components/internal/podspec"
	"geo-wordpress/components/nfs"
	"geo-wordpress/ports"
	"geo-wordpress/sizing"

	appsv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apps/v1"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// deployment declares the daemon: one pod, on the NFS server's machine, on the NFS server's disk.
func (s *Syncthing) deployment(ctx *pulumi.Context) error {
	health := podspec.Probe{Period: 10, Timeout: 5, Threshold: 6}.
		Exec("curl", "-fsS", "-m", "2", "http://"+guiAddress+"/rest/noauth/health")
	daemon := podspec.Container(app, s.args.Config.Images.Syncthing, sizing.Syncthing)
	daemon.Command = pulumi.ToStringArray([]string{"/bin/syncthing"})
	daemon.Args = pulumi.ToStringArray([]string{"serve", "--config=" + configPath, "--data=" + indexPath, "--no-browser"})
	daemon.Env = corev1.EnvVarArray{
		// The image sets these two, and they override the config: the GUI would listen on the pod's address without a
		// password, and STHOMEDIR excludes --config and --data.
		podspec.Env("STGUIADDRESS", pulumi.String(guiAddress)),
		podspec.Env("STHOMEDIR", pulumi.String("")),
		podspec.Env("STNOUPGRADE", pulumi.String("1")),
		podspec.Env("HOME", pulumi.String(configPath)),
	}
	daemon.Ports = corev1.ContainerPortArray{
		&corev1.ContainerPortArgs{Name: pulumi.String("sync"), ContainerPort: pulumi.Int(ports.Syncthing)},
	}
	daemon.StartupProbe = podspec.Probe{Period: 2, Timeout: 5, Threshold: 60}.TCP(ports.Syncthing)
	daemon.ReadinessProbe, daemon.LivenessProbe = health, health
	daemon.VolumeMounts = corev1.VolumeMountArray{
		podspec.Mount("config", configPath),
		s.index(),
		s.data(),
		s.versions(),
		podspec.Mount("tmp", "/tmp"),
	}

	pod := &corev1.PodSpecArgs{
		AutomountServiceAccountToken:  pulumi.Bool(false),
		EnableServiceLinks:            pulumi.Bool(false),
		TerminationGracePeriodSeconds: pulumi.Int(30),
		PriorityClassName:             s.args.Priority.Sync,
		SecurityContext: &corev1.PodSecurityContextArgs{
			RunAsNonRoot: pulumi.Bool(true),
			// The owner of WordPress's files: Syncthing copies a file's mode to the other regions, but not its owner, so
			// the files belong to the user that Syncthing runs as.
			RunAsUser:  pulumi.Int(podspec.WWWData),
			RunAsGroup: pulumi.Int(podspec.WWWData),
			// No fsGroup: it would change the group of every file on the disk, including the NFS server's state.
			// Without it, this user can read the secret's files only because everybody in the pod can.
			SeccompProfile: &corev1.SeccompProfileArgs{Type: pulumi.String("RuntimeDefault")},
		},
		Affinity:       nfs.BesideTheServer(),
		InitContainers: corev1.ContainerArray{s.install()},
		Containers:     corev1.ContainerArray{daemon, s.housekeeping()},
		Volumes: corev1.VolumeArray{
			podspec.FromClaim("files", s.args.Files.DiskClaim),
			s.identityVolume(),
			&corev1.VolumeArgs{ // in memory: the key never touches a disk
				Name: pulumi.String("config"),
				EmptyDir: &corev1.EmptyDirVolumeSourceArgs{
					Medium:    pulumi.String("Memory"),
					SizeLimit: pulumi.String("16Mi"),
				},
			},
			podspec.Scratch("tmp", "64Mi"),
		},
	}
	if s.args.Config.Monitoring != nil {
		pod.Containers = append(pod.Containers.(corev1.ContainerArray), s.serveMetrics())
		pod.Volumes = append(pod.Volumes.(corev1.VolumeArray), podspec.Scratch(metricsVolume, "1Mi"))
	}
	metadata := &metav1.ObjectMetaArgs{Labels: nfs.Labels(app)}
	if annotations := objectmeta.Unmoved(s.args.Config.Growth); annotations != nil {
		metadata.Annotations = annotations
	}
	deployment, err := appsv1.NewDeployment(ctx, s.name, &appsv1.DeploymentArgs{
		Metadata: &metav1.ObjectMetaArgs{
			Name:        pulumi.String(app),
			Namespace:   s.args.Namespace.Name,
			Labels:      objectmeta.Labels(app),
			Annotations: objectmeta.Annotations(),
		},
		Spec: &appsv1.DeploymentSpecArgs{
			Replicas: pulumi.Int(1),
			// Two daemons must never share an index.
			Strategy: &appsv1.DeploymentStrategyArgs{Type: pulumi.String("Recreate")},
			Selector: objectmeta.Selector(app),
			Template: &corev1.PodTemplateSpecArgs{
				Metadata: metadata,
				Spec:     pod,
			},
		},
	}, s.args.Cluster.Object(s, pulumi.DependsOn(s.ready)))
	s.Runs = deployment
	return err
}

// install copies the config, the identity and the scripts to where the daemon may rewrite or run them, and the ignore
// patterns, which Syncthing does not synchronise, into the folder. It makes the directory of the versions, because kubelet's
// would belong to root. It does not create the folder's marker, .stfolder: a missing marker may mean that the disk is not
// mounted, and Syncthing must stop rather than delete everything everywhere.
func (s *Syncthing) install() *corev1.ContainerArgs {
	c := podspec.Container("install", s.args.Config.Images.Tools, sizing.Job)
	c.Command = pulumi.ToStringArray([]string{"sh", "-ec",
		// -f: an earlier pod's copies are read-only, like the secret they came from.
		"umask 077; cp -f /identity/config.xml /identity/cert.pem /identity/key.pem /identity/keep.sh /identity/undo.sh " +
			configPath + "/; mkdir -p " + indexPath + "/versions; rm -f " + indexPath + "/versions/.partial.*; " +
			"umask 022; cp -f /identity/stignore " + dataPath + "/.stignore"})
	c.VolumeMounts = corev1.VolumeMountArray{
		podspec.MountReadOnly("identity", "/identity"),
		podspec.Mount("config", configPath),
		s.index(),
		s.data(),
	}
	return c
}

// housekeeping bounds the versions of files, and works around a bug in Syncthing's watcher. When a directory's mode changes or
// it is removed before the watcher has handled the events inside it, the watcher discards those events but still counts them.
// It then busy-waits: it re-arms a timer of zero delay and uses half a CPU or more, until an event on the folder itself
// triggers a scan. The script causes that event every minute. (lib/watchaggregator, 1.19.2 to 2.1.2; syncthing/syncthing#9135.
// `mkdir d; touch d/f; chmod 700 d` reproduces it.)
func (s *Syncthing) housekeeping() *corev1.ContainerArgs {
	c := podspec.Container("housekeeping", s.args.Config.Images.Tools, sizing.Helper)
	c.Command = pulumi.ToStringArray([]string{"sh", "-ec", housekeepingScript})
	c.Env = corev1.EnvVarArray{
		podspec.Env("FOLDER", pulumi.String(dataPath)),
		podspec.Env("VERSIONS", pulumi.String(versionsPath)),
		podspec.Env("DAYS", pulumi.String(strconv.Itoa(s.args.Config.History.FileDays))),
		podspec.Env("SHARE", pulumi.String(strconv.Itoa(versionsShare))),
	}
	mounts := corev1.VolumeMountArray{s.data(), s.versions()}
	if s.args.Config.Monitoring != nil {
		s.measure(c)
		mounts = append(mounts, podspec.Mount(metricsVolume, metricsDirectory))
	}
	c.VolumeMounts = mounts
	return c
}

// versionsShare is the part of the files' disk that old versions may take: a fifth. It is a share of the disk as it is, not of
// filesDiskGiB, because a larger disk restarts no pod.
const versionsShare = 5

// index mounts the index's directory on the disk.
func (s *Syncthing) index() *corev1.VolumeMountArgs {
	return &corev1.VolumeMountArgs{
		Name:      pulumi.String("files"),
		MountPath: pulumi.String(indexPath),
		SubPath:   pulumi.String(nfs.SyncthingDirectory),
	}
}

// versions mounts the directory of the old versions.
func (s *Syncthing) versions() *corev1.VolumeMountArgs {
	return &corev1.VolumeMountArgs{
		Name:      pulumi.String("files"),
		MountPath: pulumi.String(versionsPath),
		SubPath:   pulumi.String(versionsDirectory),
	}
}

// data mounts the directory behind the NFS export, which has the volume's name.
func (s *Syncthing) data() *corev1.VolumeMountArgs {
	return &corev1.VolumeMountArgs{
		Name:      pulumi.String("files"),
		MountPath: pulumi.String(dataPath),
		SubPath:   s.args.Files.Volume,
	}
}

// identityVolume is the secret, mounted in the init container only.
func (s *Syncthing) identityVolume() *corev1.VolumeArgs {
	volume := podspec.FromSecret("identity", s.secret.Metadata.Name())
	volume.Secret.(*corev1.SecretVolumeSourceArgs).DefaultMode = pulumi.Int(0o444)
	return volume
}
