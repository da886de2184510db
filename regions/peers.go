package regions

// Peers are the other regions, in the configuration's order.
func (c *Config) Peers(of Region) []Region {
	var peers []Region
	for _, region := range c.Regions {
		if region.Name != of.Name {
			peers = append(peers, region)
		}
	}
	return peers
}
