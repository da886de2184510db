package stacktest

import (
	"encoding/json"
	"maps"
	"slices"
)

// Pod is the part of a pod's specification that the tests look at.
type Pod struct {
	ServiceAccountName           string       `json:"serviceAccountName"`
	AutomountServiceAccountToken *bool        `json:"automountServiceAccountToken"`
	EnableServiceLinks           *bool        `json:"enableServiceLinks"`
	HostNetwork                  bool         `json:"hostNetwork"`
	HostPID                      bool         `json:"hostPID"`
	HostIPC                      bool         `json:"hostIPC"`
	RestartPolicy                string       `json:"restartPolicy"`
	PriorityClassName            string       `json:"priorityClassName"`
	GracePeriod                  *int         `json:"terminationGracePeriodSeconds"`
	SecurityContext              PodSecurity  `json:"securityContext"`
	InitContainers               []Container  `json:"initContainers"`
	Containers                   []Container  `json:"containers"`
	EphemeralContainers          []Container  `json:"ephemeralContainers"`
	Volumes                      []Volume     `json:"volumes"`
	Affinity                     Affinity     `json:"affinity"`
	TopologySpread               []spreadRule `json:"topologySpreadConstraints"`
}

type spreadRule struct {
	TopologyKey    string   `json:"topologyKey"`
	LabelSelector  Selector `json:"labelSelector"`
	MatchLabelKeys []string `json:"matchLabelKeys"`
}

// PodSecurity is a pod's security context.
type PodSecurity struct {
	Confinement
	FSGroup *int `json:"fsGroup"`
	Sysctls []struct {
		Name string `json:"name"`
	} `json:"sysctls"`
}

// Confinement is what the security contexts of pods and of containers have in common.
type Confinement struct {
	RunAsNonRoot *bool `json:"runAsNonRoot"`
	RunAsUser    *int  `json:"runAsUser"`
	RunAsGroup   *int  `json:"runAsGroup"`
	Seccomp      struct {
		Type string `json:"type"`
	} `json:"seccompProfile"`
	SELinux  map[string]any `json:"seLinuxOptions"`
	AppArmor struct {
		Type string `json:"type"`
	} `json:"appArmorProfile"`
	Windows map[string]any `json:"windowsOptions"`
}

// Affinity of a pod to other pods.
type Affinity struct {
	PodAffinity struct {
		Required  []AffinityTerm `json:"requiredDuringSchedulingIgnoredDuringExecution"`
		Preferred []struct {
			Weight int          `json:"weight"`
			Term   AffinityTerm `json:"podAffinityTerm"`
		} `json:"preferredDuringSchedulingIgnoredDuringExecution"`
	} `json:"podAffinity"`
}

// AffinityTerm selects the pods beside which a pod is to run.
type AffinityTerm struct {
	Namespaces    []string `json:"namespaces"` // the pod's own if empty
	LabelSelector Selector `json:"labelSelector"`
	TopologyKey   string   `json:"topologyKey"`
}

// Container is a main or an init container.
type Container struct {
	Name            string        `json:"name"`
	Image           string        `json:"image"`
	Command         []string      `json:"command"`
	Args            []string      `json:"args"`
	Env             []EnvVar      `json:"env"`
	EnvFrom         []any         `json:"envFrom"`
	Ports           []Port        `json:"ports"`
	Resources       Resources     `json:"resources"`
	StartupProbe    *Probe        `json:"startupProbe"`
	ReadinessProbe  *Probe        `json:"readinessProbe"`
	LivenessProbe   *Probe        `json:"livenessProbe"`
	VolumeMounts    []VolumeMount `json:"volumeMounts"`
	SecurityContext struct {
		Confinement
		Privileged               bool   `json:"privileged"`
		AllowPrivilegeEscalation *bool  `json:"allowPrivilegeEscalation"`
		ReadOnlyRootFilesystem   *bool  `json:"readOnlyRootFilesystem"`
		ProcMount                string `json:"procMount"`
		Capabilities             struct {
			Add  []string `json:"add"`
			Drop []string `json:"drop"`
		} `json:"capabilities"`
	} `json:"securityContext"`
	Lifecycle struct {
		PreStop struct {
			Exec struct {
				Command []string `json:"command"`
			} `json:"exec"`
		} `json:"preStop"`
	} `json:"lifecycle"`
}

// Resources are a container's requests and limits.
type Resources struct {
	Requests map[string]string `json:"requests"`
	Limits   map[string]string `json:"limits"`
}

// Port of a container.
type Port struct {
	ContainerPort int `json:"containerPort"`
	HostPort      int `json:"hostPort"`
}

// EnvVar is an environment variable. ValueFrom has at most one source.
type EnvVar struct {
	Name      string `json:"name"`
	Value     string `json:"value"`
	ValueFrom struct {
		SecretKeyRef    *KeyRef `json:"secretKeyRef"`
		ConfigMapKeyRef *KeyRef `json:"configMapKeyRef"`
	} `json:"valueFrom"`
}

// KeyRef is a key of a ConfigMap or a Secret.
type KeyRef struct {
	Name     string `json:"name"`
	Key      string `json:"key"`
	Optional bool   `json:"optional"` // the pod starts without it
}

// Probe is a probe with at most one action.
type Probe struct {
	HTTPGet *struct {
		Path string `json:"path"`
		Port int    `json:"port"`
	} `json:"httpGet"`
	TCPSocket *struct {
		Port int `json:"port"`
	} `json:"tcpSocket"`
	Exec *struct {
		Command []string `json:"command"`
	} `json:"exec"`
	PeriodSeconds    int `json:"periodSeconds"`
	TimeoutSeconds   int `json:"timeoutSeconds"`
	FailureThreshold int `json:"failureThreshold"`
}

// VolumeMount is where a container sees a volume.
type VolumeMount struct {
	Name      string `json:"name"`
	MountPath string `json:"mountPath"`
	SubPath   string `json:"subPath"`
	ReadOnly  bool   `json:"readOnly"`
}

// Volume is a volume of a pod. Sources holds every source that it names, also those unknown to the tests.
type Volume struct {
	Name      string `json:"name"`
	ConfigMap *struct {
		Name  string    `json:"name"`
		Items []KeyPath `json:"items"`
	} `json:"configMap"`
	Secret *struct {
		SecretName  string    `json:"secretName"`
		DefaultMode *int      `json:"defaultMode"`
		Items       []KeyPath `json:"items"`
		Optional    bool      `json:"optional"` // the pod starts without it
	} `json:"secret"`
	Claim *struct {
		ClaimName string `json:"claimName"`
	} `json:"persistentVolumeClaim"`
	EmptyDir *struct {
		Medium    string `json:"medium"`
		SizeLimit string `json:"sizeLimit"`
	} `json:"emptyDir"`
	Sources []string `json:"-"`
}

// UnmarshalJSON reads the volume and the names of its sources.
func (v *Volume) UnmarshalJSON(text []byte) error {
	type plain Volume
	var all map[string]any
	if err := json.Unmarshal(text, (*plain)(v)); err != nil {
		return err
	}
	if err := json.Unmarshal(text, &all); err != nil {
		return err
	}
	delete(all, "name")
	v.Sources = slices.Sorted(maps.Keys(all))
	return nil
}

// KeyPath puts a key of a ConfigMap or a Secret at a path.
type KeyPath struct {
	Key  string `json:"key"`
	Path string `json:"path"`
}

// All are the pod's containers, the init containers first.
func (p Pod) All() []Container {
	return append(append(append([]Container{}, p.InitContainers...), p.Containers...), p.EphemeralContainers...)
}

// Volume is the volume with a name; nil if there is none.
func (p Pod) Volume(name string) *Volume {
	for i := range p.Volumes {
		if p.Volumes[i].Name == name {
			return &p.Volumes[i]
		}
	}
	return nil
}

// EnvVar is the variable with a name; nil if there is none.
func (c Container) EnvVar(name string) *EnvVar {
	for i := range c.Env {
		if c.Env[i].Name == name {
			return &c.Env[i]
		}
	}
	return nil
}
