module slipway.dev/e2e/cluster/faultproxy

go 1.25.0
