package gcp

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
)

const (
	accountType = "gcp:serviceaccount/account:Account"
	memberType  = "gcp:projects/iAMMember:IAMMember"
	serviceType = "gcp:projects/service:Service"
)

const accountDomain = ".iam.gserviceaccount.com"

var _ = register(&kind{
	token: accountType, title: "service account", noun: "service_account", service: iamAPI, scope: global,
	fields: fields{
		"accountId": str(required, forceNew, matches(accountIDs,
			"6 to 30 lower-case letters, digits and hyphens, from a letter to a letter or digit")),
		"description": str(checkString(func(s string) error {
			if len(s) > 256 {
				return fmt.Errorf("%d bytes are more than the 256 allowed", len(s))
			}
			return nil
		})),
		"disabled": boolean(preset(false)),
		"displayName": str(checkString(func(s string) error {
			if len(s) > 100 {
				return fmt.Errorf("%d bytes are more than the 100 allowed", len(s))
			}
			return nil
		})),
	},
	outputs: []string{"email", "member", "name", "uniqueId"},
	id: func(at place, in object) string {
		return accountName(at.project, in.str("accountId")+"@"+at.project+accountDomain)
	},
	admit: func(_ *txn, r, _ *record) error {
		email := lastSegment(r.ID)
		r.Outputs.fill("email", email)
		r.Outputs.fill("member", "serviceAccount:"+email)
		r.Outputs.fill("name", r.ID)
		r.Outputs.fill("uniqueId", digits(21))
		return nil
	},
})

func accountName(project, email string) string {
	return fmt.Sprintf("projects/%s/serviceAccounts/%s", project, email)
}

// computeAccount is the suffix of the Compute default service account's address, after the project number.
const computeAccount = "-compute@developer.gserviceaccount.com"

// requireAccount fails if an e-mail address names a missing service account of the project. It accepts accounts of
// other projects unchecked. The Compute default service account counts as deleted, as in many organisations: it can
// edit the whole project.
func (t *txn) requireAccount(project, email string) error {
	if email == "" || email == "default" {
		number, err := t.projectNumber(project)
		if err != nil {
			return err
		}
		email = number + computeAccount
	}
	if strings.HasSuffix(email, computeAccount) {
		return badRequest("Service account %q does not exist.", email)
	}
	if !strings.HasSuffix(email, "@"+project+accountDomain) {
		return nil
	}
	r, err := t.get(accountName(project, email))
	if err == nil && r == nil {
		err = badRequest("Service account %s does not exist.", email)
	}
	return err
}

var (
	rolePattern   = regexp.MustCompile(`^(roles/[A-Za-z0-9_.]+|(projects|organizations)/[a-z0-9:.-]+/roles/[A-Za-z0-9_.]+)$`)
	memberPattern = regexp.MustCompile(`^((user|serviceAccount|group):[^@\s]+@[^@\s]+|domain:[^@\s]+|` +
		`(principal|principalSet)://iam\.googleapis\.com/\S+|serviceAccount:[a-z0-9-]+\.svc\.id\.goog\[[^/\]]+/[^/\]]+\])$`)
)

var _ = register(&kind{
	token: memberType, title: "IAM Member", noun: "policy", scope: global, adopts: true,
	fields: fields{
		"member": str(required, forceNew, matches(memberPattern,
			"a member is user:, serviceAccount: or group: with an e-mail address, domain:, or principal://")),
		"project": str(required, forceNew, matches(projectIDs,
			"6 to 30 lower-case letters, digits and hyphens, starting with a letter")),
		"role": str(required, forceNew, matches(rolePattern,
			"a role is roles/NAME, or projects/PROJECT/roles/NAME or organizations/ORG/roles/NAME")),
	},
	outputs: []string{"etag"},
	id: func(at place, in object) string {
		return strings.Join([]string{at.project, in.str("role"), in.str("member")}, "/")
	},
	admit: func(t *txn, r, _ *record) error {
		email, isAccount := strings.CutPrefix(r.Outputs.str("member"), "serviceAccount:")
		if isAccount {
			if err := t.requireAccount(r.Project, email); err != nil {
				return err
			}
		}
		// The real etag covers the whole policy and changes with every other member. An etag per member gives a refresh
		// nothing to report.
		r.Outputs.fill("etag", fingerprint(r.ID))
		return nil
	},
})

// dependsOn lists services that need others to be enabled, as far as the resources here are concerned. Google enables
// those along with such a service; here a program must request each one, so that it states everything it needs.
var dependsOn = map[string][]string{containerAPI: {computeAPI}}

var _ = register(&kind{
	token: serviceType, title: "Project Service", noun: "service", scope: global, adopts: true,
	fields: fields{
		"service": str(required, forceNew, matches(regexp.MustCompile(`^[a-z0-9-]+(\.[a-z0-9-]+)+$`),
			"a service is named like compute.googleapis.com")),
		"disableDependentServices": boolean(),
		"disableOnDestroy":         boolean(preset(true)),
	},
	id: func(at place, in object) string { return at.project + "/" + in.str("service") },
	check: func(in object) []plugin.CheckFailure {
		if s := in.str("service"); strings.HasSuffix(s, ".googleapis.com") || s == "" {
			return nil
		}
		return []plugin.CheckFailure{failure("service", "the local cloud knows Google's own services only: %q does "+
			"not end in .googleapis.com", in.str("service"))}
	},
	admit: func(t *txn, r, _ *record) error { return t.Put(servicesBucket, r.ID, true) },
	guard: func(t *txn, r *record) error {
		if !r.Outputs.flag("disableOnDestroy") || r.Outputs.flag("disableDependentServices") {
			return nil
		}
		var users []string
		for service, needs := range dependsOn {
			on, err := t.enabled(r.Project, service)
			if err != nil {
				return err
			}
			if on && slices.Contains(needs, r.Outputs.str("service")) {
				users = append(users, service)
			}
		}
		if len(users) == 0 {
			return nil
		}
		return &apiError{400, fmt.Sprintf("The service %s is depended on by the following active service(s): %s; Please "+
			"specify disable_dependent_services=true if you want to proceed with disabling all services.",
			r.Outputs.str("service"), strings.Join(users, ",")), "failedPrecondition"}
	},
	gone: func(t *txn, r *record) error {
		if !r.Outputs.flag("disableOnDestroy") {
			return nil // the service stays on, as it does on Google
		}
		off := []string{r.Outputs.str("service")}
		for service, needs := range dependsOn {
			if slices.Contains(needs, off[0]) {
				off = append(off, service)
			}
		}
		for _, service := range off {
			if err := t.Delete(servicesBucket, r.Project+"/"+service); err != nil {
				return err
			}
		}
		return nil
	},
})
