# Install rules are written once the targets are final.
