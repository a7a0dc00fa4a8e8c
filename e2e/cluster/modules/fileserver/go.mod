module slipway.dev/e2e/cluster/fileserver

go 1.25.0
