package costs

// Date is the day of the regional prices below.
const Date = "6 March 2025"

// Hours are the hours of Google's month.
const Hours = 730

// Prices in US dollars that are the same in all regions.
const (
	// https://cloud.google.com/kubernetes-engine/pricing: the management fee, and what each billing account gets back.
	clusterHour   = 0.10
	freeTierMonth = 74.40
	// https://cloud.google.com/nat/pricing: for each machine, up to 32 of a gateway, and for each address.
	natMachineHour = 0.0014
	natAddressHour = 0.005
	natMachines    = 32
	// https://cloud.google.com/load-balancing/pricing: for the first five global forwarding rules together.
	forwardingRulesHour = 0.025
)

// regional are a region's prices in US dollars.
type regional struct {
	e2standard4Hour  float64 // 4 vCPUs and 16 GiB; other sizes of e2-standard cost in proportion
	balancedGiBMonth float64 // balanced persistent disk
}

// inRegion are the prices of Google's Cloud Billing Catalog as of Date, as Cyclenerd/google-cloud-pricing-cost-calculator
// keeps them (pricing.yml of commit 0166a59). The same prices are on https://cloud.google.com/compute/vm-instance-pricing and
// https://cloud.google.com/compute/disks-image-pricing.
var inRegion = map[string]regional{
	"africa-south1":           {0.175301872, 0.1308},
	"asia-east1":              {0.15518376, 0.1},
	"asia-east2":              {0.18752268, 0.11},
	"asia-northeast1":         {0.17193144, 0.13},
	"asia-northeast2":         {0.17193144, 0.13},
	"asia-northeast3":         {0.17193144, 0.13},
	"asia-south1":             {0.16096872, 0.12},
	"asia-south2":             {0.16096872, 0.12},
	"asia-southeast1":         {0.16533228, 0.11},
	"asia-southeast2":         {0.180212172, 0.13},
	"australia-southeast1":    {0.190164, 0.135},
	"australia-southeast2":    {0.161632, 0.135},
	"europe-central2":         {0.17267112, 0.13},
	"europe-north1":           {0.14755512, 0.11},
	"europe-north2":           {0.140723992, 0.1},
	"europe-southwest1":       {0.158152, 0.12},
	"europe-west1":            {0.14743092, 0.1},
	"europe-west10":           {0.206395176, 0.154},
	"europe-west12":           {0.172889464, 0.12},
	"europe-west2":            {0.17267112, 0.12},
	"europe-west3":            {0.17267112, 0.12},
	"europe-west4":            {0.14754408, 0.11},
	"europe-west6":            {0.18752268, 0.13},
	"europe-west8":            {0.155464, 0.116},
	"europe-west9":            {0.155464, 0.116},
	"me-central1":             {0.162837744, 0.1215},
	"me-central2":             {0.214436528, 0.16},
	"me-west1":                {0.147425128, 0.11},
	"northamerica-northeast1": {0.14754408, 0.11},
	"northamerica-northeast2": {0.14754408, 0.11},
	"northamerica-south1":     {0.146084888, 0.109},
	"southamerica-east1":      {0.2127408, 0.15},
	"southamerica-west1":      {0.191652644, 0.143},
	"us-central1":             {0.13402284, 0.1},
	"us-east1":                {0.13402284, 0.1},
	"us-east4":                {0.15094164, 0.11},
	"us-east5":                {0.13402284, 0.1},
	"us-south1":               {0.15814696, 0.12},
	"us-west1":                {0.13402284, 0.1},
	"us-west2":                {0.16097976, 0.12},
	"us-west3":                {0.16097976, 0.12},
	"us-west4":                {0.15094164, 0.11},
}
