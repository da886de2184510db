package conformance_test

import (
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"geo-wordpress/tools/conformance/declared"

	corev1 "k8s.io/api/core/v1"
)

// The settings of Syncthing and of the file server.
func init() {
	maps.Copy(undone, map[string]setting{
		"the file server may give capabilities up":        {"TestNFSServerComesBack", incapable("SETPCAP")},
		"the file server may open files by their handles": {"TestNFSServerComesBack", incapable("DAC_READ_SEARCH")},
		"the file server may listen below port 1024":      {"TestNFSServerComesBack", incapable("NET_BIND_SERVICE")},
		"the file server makes Syncthing's directory": {"TestSyncthingKeepsRegionsAlike", change("nfs", func(pod *declared.Pod) {
			pod.Spec().InitContainers = nil
		})},
		"Syncthing watches": {"TestNFSWakesSyncthing", inConfigs(`fsWatcherEnabled="true"`, `fsWatcherEnabled="false"`)},
		"Syncthing looks at the directory behind the export": {"TestNFSWakesSyncthing", change("syncthing", func(pod *declared.Pod) {
			data(pod, func(mount *corev1.VolumeMount) { mount.SubPath = "elsewhere" })
		})},
		"Syncthing does not wait long": {"TestPropagationFigures", inConfigs(`fsWatcherDelayS="[0-9.]+"`, `fsWatcherDelayS="3"`)},
		// Undo both: the declared interval, and the scan triggered by an event on the folder itself. Either would do.
		"Syncthing looks itself": {"TestSyncthingFindsWhatTheWatcherMissed", func(stack *declared.Stack) {
			inConfigs(`rescanIntervalS="[0-9]+"`, `rescanIntervalS="3600"`)(stack)
			change("syncthing", withoutHousekeeping)(stack)
		}},
		"Syncthing's watcher is set right":    {"TestSyncthingRests", change("syncthing", withoutHousekeeping)},
		"Syncthing finds its peers":           {"TestSyncthingKeepsRegionsAlike", inConfigs(`tcp://syncthing\.`, `tcp://sync.`)},
		"Syncthing keeps modes":               {"TestSyncthingKeepsRegionsAlike", inConfigs(`ignorePerms="false"`, `ignorePerms="true"`)},
		"old versions of files are kept":      {"TestSyncthingKeepsRegionsAlike", inConfigs(`type="external"`, `type="trashcan"`)},
		"Syncthing's home is not the image's": {"TestSyncthingKeepsRegionsAlike", imagesOwn("STHOMEDIR")},
		"Syncthing is WordPress's user": {"TestSyncthingKeepsRegionsAlike", change("syncthing", func(pod *declared.Pod) {
			*pod.Spec().SecurityContext.RunAsUser = 1000
		})},
		"Syncthing's GUI is on loopback": {"TestSyncthingGUIIsOnLoopback", imagesOwn("STGUIADDRESS")},
		"caches are a region's own":      {"TestSyncthingIgnoresWhatIsOneRegionsOwn", inSecrets("stignore", "(?d)/cache", "")},
		"updates under way are, too":     {"TestSyncthingIgnoresWhatIsOneRegionsOwn", inSecrets("stignore", "(?d)/upgrade\n", "")},
		"only the folder's own cache is": {"TestSyncthingIgnoresWhatIsOneRegionsOwn", inSecrets("stignore", "(?d)/cache", "(?d)cache")},
		"what is ignored may be deleted": {"TestSyncthingIgnoresWhatIsOneRegionsOwn", inSecrets("stignore", "(?d).nfs*", ".nfs*")},
		"Syncthing has the stack's identity": {"TestSyncthingKnowsItsPeersOnly", func(stack *declared.Stack) {
			stack.Regions[1].Change("syncthing", withStrangersCertificate)
		}},
		"Syncthing knows nobody else": {"TestSyncthingKnowsItsPeersOnly", inConfigs(`</folder>`,
			`</folder><device id="`+somebody+`" name="somebody"><address>dynamic</address></device>`)},
		"Syncthing's index outlives its pod": {"TestSyncthingComesBack", change("syncthing", indexElsewhere)},
		"Syncthing can be installed again": {"TestSyncthingComesBack", change("syncthing", func(pod *declared.Pod) {
			script := &pod.Container("install").Command[2]
			*script = strings.ReplaceAll(*script, "cp -f ", "cp ")
		})},
		"Syncthing's index goes with its data": {"TestDisasterDiskLost", func(stack *declared.Stack) {
			for _, region := range stack.Regions {
				region.Change("syncthing", indexOnAnotherDisk)
			}
		}},
		"nobody makes the marker": {"TestDisasterVolumeEmptied", change("syncthing", func(pod *declared.Pod) {
			pod.Container("install").Command[2] += "; mkdir -p /var/syncthing/wp-content/.stfolder"
		})},
		"Syncthing wants its marker":                {"TestDisasterMarkerMissing", inConfigs(`<markerName>.stfolder`, `<markerName>.`)},
		"the version that loses a conflict is kept": {"TestDisasterRegionsCut", inConfigs(`<maxConflicts>10`, `<maxConflicts>0`)},
	})
}

// longest is the timeout on a loaded machine. Syncthing cannot delete a directory before its files: there it may fail three times,
// and it tries again after one, two and four minutes. The timeout is shorter when a setting is undone: what will not happen is not worth a long wait.
func longest() time.Duration {
	if os.Getenv(undoVariable) != "" {
		return 100 * time.Second
	}
	return 15 * time.Minute
}

// somebody is a device outside the stack.
const somebody = "6D5CMUR-6FVNSZ5-757JRP4-AQIGJEO-GVLY2IG-UYEDFO7-K2G6IOJ-6K7I2Q6"

// incapable takes a capability from the file server.
func incapable(capability corev1.Capability) func(*declared.Stack) {
	return change("nfs", func(pod *declared.Pod) {
		added := &pod.Container("nfs-provisioner").SecurityContext.Capabilities.Add
		if !slices.Contains(*added, capability) {
			panic(capability + " is not declared")
		}
		*added = slices.DeleteFunc(*added, func(c corev1.Capability) bool { return c == capability })
	})
}

// withoutHousekeeping disables the workaround for Syncthing's watcher, and the bounds of old versions.
func withoutHousekeeping(pod *declared.Pod) {
	pod.Container("housekeeping").Command = []string{"sleep", "infinity"}
}

// imagesOwn removes a declared variable of Syncthing, so that the image's value applies.
func imagesOwn(name string) func(*declared.Stack) {
	return change("syncthing", func(pod *declared.Pod) {
		env := &pod.Container("syncthing").Env
		*env = slices.DeleteFunc(*env, func(variable corev1.EnvVar) bool { return variable.Name == name })
	})
}

// data changes the mounts of the files in Syncthing's containers.
func data(pod *declared.Pod, change func(*corev1.VolumeMount)) {
	for _, containers := range [][]corev1.Container{pod.Spec().InitContainers, pod.Spec().Containers} {
		for _, c := range containers {
			for i := range c.VolumeMounts {
				if c.VolumeMounts[i].MountPath == "/var/syncthing/wp-content" {
					change(&c.VolumeMounts[i])
				}
			}
		}
	}
}

// indexOnAnotherDisk puts Syncthing's index on its own disk, which outlives the one of the files.
func indexOnAnotherDisk(pod *declared.Pod) {
	const name = "index"
	pod.Region.Claims[declared.Key{Namespace: pod.Namespace, Name: name}] = &corev1.PersistentVolumeClaim{}
	indexElsewhere(pod)
	volumes := pod.Spec().Volumes
	volumes[len(volumes)-1].VolumeSource = corev1.VolumeSource{
		PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: name},
	}
	root, no := int64(0), false
	pod.Spec().InitContainers = append(pod.Spec().InitContainers, corev1.Container{
		Name:            "own",
		Image:           pod.Container("install").Image,
		Command:         []string{"chown", "33:33", "/index"},
		VolumeMounts:    []corev1.VolumeMount{{Name: name, MountPath: "/index"}},
		SecurityContext: &corev1.SecurityContext{RunAsUser: &root, RunAsNonRoot: &no},
	})
}
