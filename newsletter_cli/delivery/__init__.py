"""Mail goes out over SMTP: what to do next is decided in pure modules, sockets stand at the edge."""
